/** Words of 32 bits in an id of 128. */
const WORDS = 4;
const DIGITS = 32;

/** Value of a hexadecimal digit by its character code; -1 for any other character. */
const NIBBLES = Int8Array.from({ length: 128 }, (_, code) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(code));
  return value;
});

/** Writes the four words of an id. @returns false where it is not 32 lower-case hexadecimal digits. */
function parseId(id: string, into: Uint32Array): boolean {
  if (id.length !== DIGITS) return false;
  for (let word = 0; word < WORDS; word += 1) {
    let value = 0;
    for (let digit = word * 8; digit < word * 8 + 8; digit += 1) {
      const nibble = NIBBLES[id.charCodeAt(digit)] ?? -1;
      if (nibble < 0) return false;
      value = (value << 4) | nibble;
    }
    into[word] = value;
  }
  return true;
}

/** Writes the four words of the id in 16 bytes from an offset on. */
function parseBytes(bytes: Uint8Array, offset: number, into: Uint32Array): void {
  for (let word = 0; word < WORDS; word += 1) {
    const at = offset + word * 4;
    into[word] =
      (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}

/**
 * Numbers text ids 0, 1, 2, … in the order they are added: 24 to 48 bytes an id, where a Map of strings takes some 150.
 * Open addressing by the first word: ids are parts of SHA-256 and need no hashing of their own.
 */
export class IdIndex {
  private words = new Uint32Array(64 * WORDS);
  /** Number of an id plus one, by hash; 0 is a free slot. */
  private slots = new Int32Array(128);
  private readonly key = new Uint32Array(WORDS);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** An id's number, or -1. */
  find(id: string): number {
    return parseId(id, this.key) ? this.slots[this.slotOf()]! - 1 : -1;
  }

  /** The same for the 16 bytes of an id. */
  findBytes(bytes: Uint8Array, offset: number): number {
    parseBytes(bytes, offset, this.key);
    return this.slots[this.slotOf()]! - 1;
  }

  /** An id's number: a new one, equal to the size before, where it was not there. @throws RangeError for what is no id. */
  add(id: string): number {
    if (!parseId(id, this.key))
      throw new RangeError(`Expected an id of 32 hexadecimal digits, got ${id}.`);
    return this.insert();
  }

  /** The same for the 16 bytes of an id. */
  addBytes(bytes: Uint8Array, offset: number): number {
    parseBytes(bytes, offset, this.key);
    return this.insert();
  }

  /** Where the key lies, or the free slot where it would. */
  private slotOf(): number {
    const { key, words, slots } = this;
    const mask = slots.length - 1;
    for (let slot = key[0]! & mask; ; slot = (slot + 1) & mask) {
      const at = (slots[slot]! - 1) * WORDS;
      if (at < 0) return slot;
      if (
        words[at] === key[0] &&
        words[at + 1] === key[1] &&
        words[at + 2] === key[2] &&
        words[at + 3] === key[3]
      )
        return slot;
    }
  }

  private insert(): number {
    const slot = this.slotOf();
    const found = this.slots[slot]!;
    if (found > 0) return found - 1;
    if ((this.count + 1) * WORDS > this.words.length) {
      const words = new Uint32Array(this.words.length * 2);
      words.set(this.words);
      this.words = words;
    }
    this.words.set(this.key, this.count * WORDS);
    this.count += 1;
    this.slots[slot] = this.count;
    // At most half full, so that a search ends after a step or two.
    if (this.count * 2 > this.slots.length) this.spread();
    return this.count - 1;
  }

  private spread(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let number = 0; number < this.count; number += 1) {
      let slot = this.words[number * WORDS]! & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = number + 1;
    }
  }
}
