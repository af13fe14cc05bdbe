/** Lines of a process's output that an error shows. */
const LOG_LINES = 8;

/** The last lines of what a process says; a line may come in several pieces. */
export class LogTail {
  private lines: string[] = [];
  private open = "";

  add(chunk: string): void {
    const lines = (this.open + chunk).split("\n");
    this.open = lines.pop()!;
    this.lines = [...this.lines, ...lines.filter((line) => line.trim() !== "")].slice(-LOG_LINES);
  }

  clear(): void {
    [this.lines, this.open] = [[], ""];
  }

  /** The last line need not be finished. */
  get last(): readonly string[] {
    return [...this.lines, ...(this.open.trim() === "" ? [] : [this.open])].slice(-LOG_LINES);
  }
}
