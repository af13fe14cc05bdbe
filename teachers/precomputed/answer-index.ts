import { IdIndex } from "../../src/labels/id-index.ts";

const CHUNK_ROWS = 8192;

/** The numbers of some neighbouring rows. */
interface Chunk {
  values: Float32Array;
  lines: Uint32Array;
  /** 1 where a row was asked for. */
  taken: Uint8Array;
}

/** Rows of numbers by text id in flat memory: some 40 bytes, and four per number, a row. */
export class AnswerIndex {
  readonly width: number;
  private readonly ids = new IdIndex();
  private readonly chunks: Chunk[] = [];
  private takenRows = 0;

  /** @param width - numbers per row */
  constructor(width: number) {
    this.width = width;
  }

  get size(): number {
    return this.ids.size;
  }

  /** Rows that were asked for at least once. */
  get taken(): number {
    return this.takenRows;
  }

  /**
   * Adds a row of an id that is not there yet.
   *
   * @param id - 32 lower-case hexadecimal digits
   * @returns null; or, where the id is there, its line and whether its numbers are the same
   */
  add(id: string, row: Float32Array, line: number): { line: number; same: boolean } | null {
    const fresh = this.ids.size;
    const number = this.ids.add(id);
    if (number === fresh && number % CHUNK_ROWS === 0) {
      this.chunks.push({
        values: new Float32Array(CHUNK_ROWS * this.width),
        lines: new Uint32Array(CHUNK_ROWS),
        taken: new Uint8Array(CHUNK_ROWS),
      });
    }
    const { chunk, place, values } = this.at(number);
    if (number < fresh)
      return { line: chunk.lines[place]!, same: row.every((value, at) => value === values[at]) };
    values.set(row);
    chunk.lines[place] = line;
    return null;
  }

  /** The numbers of an id, `[width]`, which count as taken; null where it has none. */
  take(id: string): Float32Array | null {
    const number = this.ids.find(id);
    if (number < 0) return null;
    const { chunk, place, values } = this.at(number);
    this.takenRows += 1 - chunk.taken[place]!;
    chunk.taken[place] = 1;
    return values;
  }

  private at(number: number): { chunk: Chunk; place: number; values: Float32Array } {
    const chunk = this.chunks[Math.floor(number / CHUNK_ROWS)]!;
    const place = number % CHUNK_ROWS;
    const values = chunk.values.subarray(place * this.width, (place + 1) * this.width);
    return { chunk, place, values };
  }
}
