const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** How a delimited file uses quotes. Lines count from 1. */
export interface Quoting {
  /** Fields that begin with a quote and end with one. */
  quoted: number;
  /** First line with a quote that opens a field and is followed, once closed, by more text on the same line. */
  stray: number | null;
  /** Line of the first quote that opens a field and is closed lines later in mid-text, or never. */
  open: number | null;
  /** True where a quoted field holds a delimiter and a line break: two texts that begin and end with a quote do so too. */
  spansRows: boolean;
}

type State = "start" | "plain" | "inside" | "closing";

/**
 * Scans a delimited file for its quotes, a byte at a time, so that a quote that is never closed is found where it was
 * opened and not at the end of the file.
 */
export class QuotingScan {
  private readonly result: Quoting = { quoted: 0, stray: null, open: null, spansRows: false };
  private readonly delimiter: number;
  private state: State = "start";
  private line = 1;
  private openedAt = 1;
  private sawDelimiter = false;

  constructor(delimiter: string) {
    this.delimiter = delimiter.charCodeAt(0);
  }

  add(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.state === "plain") {
        if (this.endsField(byte)) this.state = "start";
      } else this.state = this.next(byte);
      if (byte === NEWLINE) this.line += 1;
    }
  }

  finish(): Quoting {
    if (this.state === "closing") this.close();
    if (this.state === "inside") this.result.open ??= this.openedAt;
    return this.result;
  }

  private endsField(byte: number): boolean {
    return byte === this.delimiter || byte === NEWLINE || byte === RETURN;
  }

  private next(byte: number): State {
    if (this.state === "inside") {
      if (byte === this.delimiter) this.sawDelimiter = true;
      return byte === QUOTE ? "closing" : "inside";
    }
    if (this.state === "start") {
      if (byte !== QUOTE) return this.endsField(byte) ? "start" : "plain";
      this.openedAt = this.line;
      this.sawDelimiter = false;
      return "inside";
    }
    if (byte === QUOTE) return "inside"; // a doubled quote is one quote of the text
    if (this.endsField(byte)) return this.close();
    if (this.line === this.openedAt) this.result.stray ??= this.line;
    else this.result.open ??= this.openedAt;
    return "plain";
  }

  private close(): State {
    this.result.quoted += 1;
    if (this.sawDelimiter && this.line > this.openedAt) this.result.spansRows = true;
    return "start";
  }
}
