/** How many elements a tensor of a shape has; 1 for a number. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
