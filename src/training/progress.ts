/** Sums the steps of all jobs for one bar. */
export class StepCounter {
  private readonly expected = new Map<string, number>();
  private readonly done = new Map<string, number>();
  private readonly tell: (done: number, total: number) => void;

  constructor(tell: (done: number, total: number) => void) {
    this.tell = tell;
  }

  /** A job will take so many steps. */
  expect(job: string, steps: number): void {
    this.expected.set(job, steps);
  }

  /** A job has made so many steps. */
  advance(job: string, steps: number): void {
    this.done.set(job, Math.min(steps, this.expected.get(job) ?? steps));
    this.show();
  }

  /** A job has ended, perhaps early. */
  finish(job: string): void {
    this.done.set(job, this.expected.get(job) ?? 0);
    this.show();
  }

  private show(): void {
    const sum = (steps: Map<string, number>) =>
      [...steps.values()].reduce((total, value) => total + value, 0);
    this.tell(sum(this.done), sum(this.expected));
  }
}
