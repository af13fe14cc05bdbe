const WINDOW_MS = 20_000;

/**
 * Time left of a task, from its rate over the last 20 seconds: one slow batch does not throw it about, and a resumed
 * task is not taken for a fast one, since its first report counts as the start.
 */
export class TimeLeft {
  private readonly samples: { at: number; done: number }[] = [];

  /** @param at - milliseconds of any clock that only rises */
  update(at: number, done: number): void {
    this.samples.push({ at, done });
    while (this.samples.length > 2 && at - this.samples[1]!.at >= WINDOW_MS) this.samples.shift();
  }

  /** Seconds, or null as long as nothing can be told. */
  seconds(total: number): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined) return null;
    const [elapsed, done] = [last.at - first.at, last.done - first.done];
    if (elapsed < 500 || done <= 0) return null;
    return ((total - last.done) * elapsed) / done / 1000;
  }
}

/** `8 s`, `2 min 05 s`, `3 h 20 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
