/** Parts that the space of ids is divided into for sharing work: by the first byte. */
export const RANGES = 256;

/** The range that an id lies in: 0 to 255. */
export function rangeOf(id: string): number {
  return parseInt(id.slice(0, 2), 16);
}

/** A range's name: its ids' first two digits. */
export function nameOfRange(range: number): string {
  return range.toString(16).padStart(2, "0");
}
