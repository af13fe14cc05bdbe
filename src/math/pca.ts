import { LimbeckError } from "../errors.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** Rows of numbers, `[rows, size]`, row-major. */
export interface Matrix {
  rows: number;
  size: number;
  data: Float32Array;
}

export interface PrincipalComponents {
  /** `[size]`. */
  mean: Float64Array;
  /** Unit vectors as rows, `[width, size]`, by falling variance; the largest entry of each is positive. */
  components: Float64Array;
  /** `[width]`: of the rows along each component, divided by `rows - 1`. */
  variances: Float64Array;
  /** `(x - mean) · componentsᵀ`, `[rows, width]`. */
  projected: Float32Array;
}

/**
 * Principal components: eigenvectors of the covariance `Σ (x - mean)(x - mean)ᵀ / (rows - 1)`, in float64.
 *
 * A component and its opposite serve alike; here its entry of largest magnitude is positive, as in scikit-learn.
 * Components beyond the rank of the data have variance 0.
 *
 * @param matrix - At least 2 rows.
 * @param width - Components wanted, 1 to `size`.
 * @throws LimbeckError `E_SHAPE` if the data does not have `rows · size` numbers, there are fewer than 2 rows, or
 *   `width` is out of its range; `E_DATA` if a number is NaN or infinite.
 * @see Jolliffe (2002), Principal Component Analysis, §3.
 */
export function principalComponents(matrix: Matrix, width: number): PrincipalComponents {
  requireShape(matrix, width);
  const { size } = matrix;
  const mean = columnMeans(matrix);
  if (!mean.every((value) => Number.isFinite(value))) {
    throw new LimbeckError(
      "E_DATA",
      "Expected finite numbers to find principal components of, got NaN or infinity. Check the model file that they come from.",
    );
  }
  const { values, vectors } = symmetricEigen(covariance(matrix, mean), size);
  const components = vectors.slice(0, width * size);
  for (let row = 0; row < width; row += 1) {
    makeLargestPositive(components.subarray(row * size, (row + 1) * size));
  }
  const variances = values.slice(0, width).map((value) => Math.max(0, value));
  return { mean, components, variances, projected: project(matrix, mean, components) };
}

/**
 * Starting values of a student's embeddings from its teacher's: the rows projected on their first `width` principal
 * components, `P`, times `0.3 / std(P)`, the deviation over all elements: the student's layers expect inputs of that
 * size, whatever the teacher's scale.
 *
 * @param matrix - The teacher's rows for the student's vocabulary, `[V, D]`.
 * @param width - The student's width, at most `D`.
 * @returns `[V, width]`.
 * @throws LimbeckError as `principalComponents`; `E_DATA` if all rows are equal.
 */
export function startEmbeddings(matrix: Matrix, width: number): Float32Array {
  const { projected } = principalComponents(matrix, width);
  const deviation = standardDeviation(projected);
  if (deviation === 0) {
    throw new LimbeckError(
      "E_DATA",
      "Expected embeddings that differ from row to row, got equal ones. Start from random embeddings: embedding.init: random.",
    );
  }
  return projected.map((value) => (value / deviation) * 0.3);
}

function requireShape({ rows, size, data }: Matrix, width: number): void {
  if (data.length !== rows * size) {
    throw new LimbeckError(
      "E_SHAPE",
      `Expected ${rows * size} numbers for [${rows}, ${size}], got ${data.length}.`,
    );
  }
  if (rows < 2) throw new LimbeckError("E_SHAPE", `Expected at least 2 rows, got ${rows}.`);
  if (!Number.isInteger(width) || width < 1 || width > size) {
    throw new LimbeckError(
      "E_SHAPE",
      `Expected 1 to ${size} principal components of vectors of ${size} numbers, got ${width}. Choose a width of at most ${size}.`,
    );
  }
}

function columnMeans({ rows, size, data }: Matrix): Float64Array {
  const sums = new Float64Array(size);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < size; column += 1) sums[column]! += data[row * size + column]!;
  }
  return sums.map((sum) => sum / rows);
}

function covariance({ rows, size, data }: Matrix, mean: Float64Array): Float64Array {
  const result = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (let row = 0; row < rows; row += 1) {
    for (let i = 0; i < size; i += 1) centred[i] = data[row * size + i]! - mean[i]!;
    for (let i = 0; i < size; i += 1) {
      const factor = centred[i]!;
      const start = i * size;
      for (let j = i; j < size; j += 1) result[start + j]! += factor * centred[j]!;
    }
  }
  for (let i = 0; i < size; i += 1) {
    for (let j = i; j < size; j += 1) {
      result[i * size + j]! /= rows - 1;
      result[j * size + i] = result[i * size + j]!;
    }
  }
  return result;
}

function makeLargestPositive(vector: Float64Array): void {
  let largest = 0;
  for (let index = 1; index < vector.length; index += 1) {
    if (Math.abs(vector[index]!) > Math.abs(vector[largest]!)) largest = index;
  }
  if (vector[largest]! < 0) for (let i = 0; i < vector.length; i += 1) vector[i] = -vector[i]!;
}

function project(
  { rows, size, data }: Matrix,
  mean: Float64Array,
  components: Float64Array,
): Float32Array {
  const width = components.length / size;
  const result = new Float32Array(rows * width);
  const centred = new Float64Array(size);
  for (let row = 0; row < rows; row += 1) {
    for (let i = 0; i < size; i += 1) centred[i] = data[row * size + i]! - mean[i]!;
    for (let component = 0; component < width; component += 1) {
      let sum = 0;
      const start = component * size;
      for (let i = 0; i < size; i += 1) sum += centred[i]! * components[start + i]!;
      result[row * width + component] = sum;
    }
  }
  return result;
}

function standardDeviation(values: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) * (value - mean);
  return Math.sqrt(squares / values.length);
}
