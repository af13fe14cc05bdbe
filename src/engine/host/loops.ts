/** `target = weight · source`, each product rounded to float32; both may be the same array. */
export function scaleByLoop(target: Float32Array, source: Float32Array, weight: number): void {
  for (let index = 0; index < source.length; index += 1) target[index] = weight * source[index]!;
}

/** `target += weight · source`, each sum rounded to float32 once. */
export function addByLoop(target: Float32Array, source: Float32Array, weight: number): void {
  for (let index = 0; index < source.length; index += 1) {
    target[index] = target[index]! + weight * source[index]!;
  }
}

/** Adds the squares of every first, second, third and fourth element to `sums`, those after the last four to the first. */
export function addSquaresByLoop(sums: Float64Array, values: Float32Array): void {
  // Four sums: the processor need not wait for one addition before it starts the next.
  let [a, b, c, d] = sums as unknown as [number, number, number, number];
  const whole = values.length - (values.length % 4);
  for (let index = 0; index < whole; index += 4) {
    a += values[index]! * values[index]!;
    b += values[index + 1]! * values[index + 1]!;
    c += values[index + 2]! * values[index + 2]!;
    d += values[index + 3]! * values[index + 3]!;
  }
  for (let index = whole; index < values.length; index += 1) a += values[index]! * values[index]!;
  sums.set([a, b, c, d]);
}

/** Columns of {@link addProductsByLoop}. */
export const LANES = 8;

/** `sums += rows · lanes` in float64: `[R, 8] += [R, D] · [D, 8]`, each sum in the order of D. */
export function addProductsByLoop(
  sums: Float64Array,
  rows: Float64Array,
  lanes: Float64Array,
): void {
  const depth = lanes.length / LANES;
  for (let at = 0; at < sums.length; at += 1) {
    const [row, lane] = [Math.floor(at / LANES), at % LANES];
    let sum = sums[at]!;
    for (let index = 0; index < depth; index += 1)
      sum += rows[row * depth + index]! * lanes[index * LANES + lane]!;
    sums[at] = sum;
  }
}
