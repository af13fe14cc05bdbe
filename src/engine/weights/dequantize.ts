import { EngineError } from "../errors.ts";
import type { NamedArray } from "../types.ts";

/** A matrix of 8-bit integers with a scale per row, per column or for all. */
export interface Quantized {
  name: string;
  shape: readonly number[];
  values: Int8Array | Uint8Array;
  /** `[rows, 1]`, `[columns]`, or one number. */
  scale: NamedArray;
  /** As many as scales, or one; default 0. */
  zeroPoint?: Int8Array | Uint8Array;
}

/**
 * `(q - zero point) · scale`, in float32.
 *
 * @param quantized - `[rows, columns]`.
 * @param options - `transposed`: the matrix is kept as `[in, out]` and returned as `[out, in]`. `file`: for messages.
 * @throws EngineError `E_FILE` if the scales or zero points do not fit the matrix.
 */
export function dequantize(
  quantized: Quantized,
  { transposed, file }: { transposed: boolean; file: string },
): NamedArray {
  const [rows, columns] = requireMatrix(quantized, file);
  const { values, scale, zeroPoint = [0] } = quantized;
  const [rowStep, columnStep] = scaleSteps(quantized, file);
  const scales = scale.data;
  const zeros = Float32Array.from(
    scales,
    (_, which) => zeroPoint[zeroPoint.length > 1 ? which : 0]!,
  );
  const [toRow, toColumn] = transposed ? [1, rows] : [columns, 1];
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const which = row * rowStep + column * columnStep;
      const value = values[row * columns + column]! - zeros[which]!;
      data[row * toRow + column * toColumn] = value * scales[which]!;
    }
  }
  return { shape: transposed ? [columns, rows] : [rows, columns], data };
}

function requireMatrix({ name, shape }: Quantized, file: string): [rows: number, columns: number] {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined) {
    throw new EngineError(
      "E_FILE",
      `Expected a matrix in initializer ${name}, got shape [${shape.join(", ")}] in ${file}. Use a float or row-wise int8 ONNX file.`,
    );
  }
  return [rows, columns];
}

/** How far the scale's index moves from row to row and from column to column. */
function scaleSteps(quantized: Quantized, file: string): [row: number, column: number] {
  const { name, shape, scale, zeroPoint } = quantized;
  const [rows, columns] = shape;
  const count = scale.data.length;
  const perRow = scale.shape.length === 2 && scale.shape[0] === rows && scale.shape[1] === 1;
  const perColumn = scale.shape.length === 1 && scale.shape[0] === columns;
  const zerosFit = !zeroPoint || zeroPoint.length === 1 || zeroPoint.length === count;
  if (!(perRow || perColumn || count === 1) || !zerosFit) {
    throw new EngineError(
      "E_FILE",
      `Expected scales [${String(rows)}, 1] or [${String(columns)}] for initializer ${name}, got [${scale.shape.join(", ")}] with ${zeroPoint?.length ?? 0} zero points in ${file}. Use a float or row-wise int8 ONNX file.`,
    );
  }
  if (count === 1) return [0, 0];
  return perRow ? [1, 0] : [0, 1];
}
