/** Eigenvalues, and their unit eigenvectors as the **rows** of `vectors`, `[size, size]`; both by falling value. */
export interface SymmetricEigen {
  values: Float64Array;
  vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix: Householder reduction to tridiagonal form, then the QL
 * algorithm with implicit shifts. About `5 · size³` operations; 1,024 rows take a few seconds.
 *
 * @param matrix - `[size, size]`, row-major, symmetric. Overwritten.
 * @throws RangeError if the matrix holds NaN or infinity.
 * @see Golub & Van Loan (2013), Matrix Computations, 4th ed., §8.3.1. Wilkinson & Reinsch (1971), contribution II/4,
 *   as in EISPACK's imtql2: https://netlib.org/eispack/imtql2.f
 */
export function symmetricEigen(matrix: Float64Array, size: number): SymmetricEigen {
  const { diagonal, off, rotations } = tridiagonalize(matrix, size);
  diagonalize(diagonal, off, rotations);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const vectors = new Float64Array(size * size);
  order.forEach((from, to) => {
    vectors.set(rotations.subarray(from * size, (from + 1) * size), to * size);
  });
  return { values: Float64Array.from(order, (index) => diagonal[index]!), vectors };
}

interface Tridiagonal {
  diagonal: Float64Array;
  /** `off[i]` couples `i` and `i + 1`; the last is 0. */
  off: Float64Array;
  /** `Qᵀ`, where matrix = `Q · tridiagonal · Qᵀ`. */
  rotations: Float64Array;
}

/** Reduces the matrix one column at a time by reflections `I - beta · v vᵀ`, which row `k` keeps right of its diagonal. */
function tridiagonalize(matrix: Float64Array, size: number): Tridiagonal {
  const diagonal = new Float64Array(size);
  const off = new Float64Array(size);
  const betas = new Float64Array(size);
  for (let k = 0; k < size - 1; k += 1) {
    const vector = matrix.subarray(k * size, (k + 1) * size);
    diagonal[k] = vector[k]!;
    const first = vector[k + 1]!;
    let tail = 0;
    for (let i = k + 2; i < size; i += 1) tail += vector[i]! * vector[i]!;
    if (tail === 0) {
      off[k] = first;
      continue;
    }
    const norm = Math.sqrt(first * first + tail);
    off[k] = first > 0 ? -norm : norm;
    vector[k + 1] = first - off[k]!;
    betas[k] = 2 / (vector[k + 1]! * vector[k + 1]! + tail);
    reflect(matrix, size, k, betas[k]!);
  }
  if (size > 0) diagonal[size - 1] = matrix[size * size - 1]!;
  return { diagonal, off, rotations: productOfReflections(matrix, betas, size) };
}

/** Applies reflection `k` from both sides to what lies below and right of it: `A -= v wᵀ + w vᵀ`. */
function reflect(matrix: Float64Array, size: number, k: number, beta: number): void {
  const vector = matrix.subarray(k * size, (k + 1) * size);
  const image = new Float64Array(size);
  let overlap = 0;
  for (let i = k + 1; i < size; i += 1) {
    let sum = 0;
    for (let j = k + 1; j < size; j += 1) sum += matrix[i * size + j]! * vector[j]!;
    image[i] = beta * sum;
    overlap += image[i]! * vector[i]!;
  }
  for (let i = k + 1; i < size; i += 1) image[i]! -= 0.5 * beta * overlap * vector[i]!;
  for (let i = k + 1; i < size; i += 1) {
    const v = vector[i]!;
    const w = image[i]!;
    for (let j = k + 1; j < size; j += 1) matrix[i * size + j]! -= v * image[j]! + w * vector[j]!;
  }
}

/** The transposed product of all reflections, from the last to the first, each of which changes the rows below it. */
function productOfReflections(
  matrix: Float64Array,
  betas: Float64Array,
  size: number,
): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) product[i * size + i] = 1;
  for (let k = size - 3; k >= 0; k -= 1) {
    if (betas[k] === 0) continue;
    const vector = matrix.subarray(k * size, (k + 1) * size);
    for (let i = k + 1; i < size; i += 1) {
      let sum = 0;
      for (let j = k + 1; j < size; j += 1) sum += product[i * size + j]! * vector[j]!;
      sum *= betas[k]!;
      for (let j = k + 1; j < size; j += 1) product[i * size + j]! -= sum * vector[j]!;
    }
  }
  return product;
}

/** Makes `off` vanish by plane rotations, which also turn the rows of `vectors`. */
function diagonalize(diagonal: Float64Array, off: Float64Array, vectors: Float64Array): void {
  const size = diagonal.length;
  const norm = diagonal.reduce(
    (m, value, i) => Math.max(m, Math.abs(value) + Math.abs(off[i]!)),
    0,
  );
  if (!Number.isFinite(norm)) throw new RangeError("Expected a matrix of finite numbers.");
  // Relative to the whole matrix: a small eigenvalue is exact to the rounding of the largest.
  const negligible = Number.EPSILON * norm;
  for (let low = 0; low < size; low += 1) {
    for (let high = low; ; high = low) {
      while (high < size - 1 && Math.abs(off[high]!) > negligible) high += 1;
      if (high === low) break;
      sweep({ diagonal, off, vectors }, low, high);
    }
  }
}

/** One implicit QL sweep over the block from `low` to `high`, which shrinks `off[low]`. */
function sweep(
  { diagonal, off, vectors }: { diagonal: Float64Array; off: Float64Array; vectors: Float64Array },
  low: number,
  high: number,
): void {
  const half = (diagonal[low + 1]! - diagonal[low]!) / (2 * off[low]!);
  const root = Math.sqrt(half * half + 1);
  let g = diagonal[high]! - diagonal[low]! + off[low]! / (half + (half < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = high - 1; i >= low; i -= 1) {
    const f = sine * off[i]!;
    const b = cosine * off[i]!;
    const length = Math.sqrt(f * f + g * g);
    off[i + 1] = length;
    if (length === 0) {
      // The block falls apart here: what is left of it is another sweep's.
      diagonal[i + 1]! -= shift;
      off[high] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    const middle = diagonal[i + 1]! - shift;
    const turn = (diagonal[i]! - middle) * sine + 2 * cosine * b;
    shift = sine * turn;
    diagonal[i + 1] = middle + shift;
    g = cosine * turn - b;
    rotateRows(vectors, diagonal.length, i, sine, cosine);
  }
  diagonal[low]! -= shift;
  off[low] = g;
  off[high] = 0;
}

function rotateRows(
  vectors: Float64Array,
  size: number,
  row: number,
  sine: number,
  cosine: number,
): void {
  const end = (row + 1) * size;
  for (let at = row * size; at < end; at += 1) {
    const upper = vectors[at]!;
    const lower = vectors[at + size]!;
    vectors[at + size] = sine * upper + cosine * lower;
    vectors[at] = cosine * upper - sine * lower;
  }
}
