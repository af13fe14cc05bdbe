const CHUNK_ROWS = 8192;
const FIRST_SLOTS = 1 << 12;
const ID_WORDS = 4;

function grown<A extends Uint32Array | Uint8Array | Int32Array>(array: A): A {
  const larger = new (array.constructor as new (length: number) => A)(2 * array.length);
  larger.set(array);
  return larger;
}

/**
 * Rows of numbers by text id in flat memory: some 30 bytes and four per number a row. A JavaScript map of a million
 * strings would take several times that.
 */
export class AnswerIndex {
  readonly width: number;
  private rows = 0;
  /** Slot by hash: row + 1, or 0 where it is free. At most half of them are taken. */
  private slots = new Int32Array(FIRST_SLOTS);
  private ids = new Uint32Array((FIRST_SLOTS / 2) * ID_WORDS);
  private lines = new Uint32Array(FIRST_SLOTS / 2);
  private used = new Uint8Array(FIRST_SLOTS / 2);
  private readonly chunks: Float32Array[] = [];
  private usedRows = 0;
  private readonly words = new Uint32Array(ID_WORDS);

  /** @param width - numbers per row */
  constructor(width: number) {
    this.width = width;
  }

  get size(): number {
    return this.rows;
  }

  /** Rows that were asked for at least once. */
  get taken(): number {
    return this.usedRows;
  }

  /**
   * Adds a row of an id that is not there yet.
   *
   * @param id - 32 lower-case hexadecimal digits
   * @returns null; or, where the id is there, its line and whether its numbers are the same
   */
  add(id: string, row: Float32Array, line: number): { line: number; same: boolean } | null {
    const slot = this.seek(id);
    const known = this.slots[slot]! - 1;
    if (known >= 0) {
      const present = this.at(known);
      return { line: this.lines[known]!, same: row.every((value, at) => value === present[at]) };
    }
    const place = this.rows;
    if (place % CHUNK_ROWS === 0) this.chunks.push(new Float32Array(CHUNK_ROWS * this.width));
    this.ids.set(this.words, place * ID_WORDS);
    this.lines[place] = line;
    this.slots[slot] = place + 1;
    this.rows += 1;
    this.at(place).set(row);
    if (2 * this.rows >= this.slots.length) this.grow();
    return null;
  }

  /** The numbers of an id, `[width]`, which count as taken; null where it has none. */
  take(id: string): Float32Array | null {
    const row = this.slots[this.seek(id)]! - 1;
    if (row < 0) return null;
    if (this.used[row] === 0) {
      this.used[row] = 1;
      this.usedRows += 1;
    }
    return this.at(row);
  }

  private at(row: number): Float32Array {
    const first = (row % CHUNK_ROWS) * this.width;
    return this.chunks[Math.floor(row / CHUNK_ROWS)]!.subarray(first, first + this.width);
  }

  /** The slot of an id, or the free one where it belongs; leaves the id's words. */
  private seek(id: string): number {
    for (let word = 0; word < ID_WORDS; word += 1)
      this.words[word] = Number.parseInt(id.slice(8 * word, 8 * word + 8), 16);
    const mask = this.slots.length - 1;
    let slot = this.words[0]! & mask;
    for (;;) {
      const row = this.slots[slot]! - 1;
      if (row < 0 || this.words.every((word, at) => word === this.ids[row * ID_WORDS + at]))
        return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    this.ids = grown(this.ids);
    this.lines = grown(this.lines);
    this.used = grown(this.used);
    this.slots = new Int32Array(2 * this.slots.length);
    const mask = this.slots.length - 1;
    for (let row = 0; row < this.rows; row += 1) {
      let slot = this.ids[row * ID_WORDS]! & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = row + 1;
    }
  }
}
