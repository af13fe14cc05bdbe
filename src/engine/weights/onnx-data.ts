import { TensorProto_DataLocation, TensorProto_DataType } from "onnx-buf";
import type { TensorProto } from "onnx-buf";
import { EngineError } from "../errors.ts";
import type { NamedArray } from "../types.ts";
import { decodeFloats, FLOAT_BYTES } from "./half-precision.ts";
import type { FloatType } from "./half-precision.ts";
import { sizeOf } from "../shape.ts";

const { FLOAT, FLOAT16, BFLOAT16 } = TensorProto_DataType;
/** ONNX's floating-point types that can be read. */
export const FLOATS: ReadonlyMap<number, FloatType> = new Map<number, FloatType>([
  [FLOAT, "F32"],
  [FLOAT16, "F16"],
  [BFLOAT16, "BF16"],
]);
// Numbers as they stand in the file, which may be of a type that the enum does not know.
const INT8: number = TensorProto_DataType.INT8;
const UINT8: number = TensorProto_DataType.UINT8;
const EXTERNAL: number = TensorProto_DataLocation.EXTERNAL;

/** Whether a tensor holds int8 or uint8. */
export function isEightBit({ dataType }: TensorProto): boolean {
  return dataType === INT8 || dataType === UINT8;
}

/**
 * The numbers of a floating-point tensor as float32, in an array of its own.
 *
 * @throws EngineError `E_FILE` naming the tensor, if it is of another type, incomplete or kept in another file.
 */
export function readFloats(tensor: TensorProto, file: string): NamedArray {
  const shape = tensor.dims.map(Number);
  const type = FLOATS.get(tensor.dataType);
  if (!type) throw wrongType(tensor, "floating-point numbers", file);
  if (tensor.floatData.length > 0) {
    requireData(
      tensor,
      { size: elements(tensor), got: tensor.floatData.length, unit: "numbers" },
      file,
    );
    return { shape, data: Float32Array.from(tensor.floatData) };
  }
  return { shape, data: decodeFloats(rawData(tensor, FLOAT_BYTES[type], file), type) };
}

/** The numbers of an 8-bit tensor, as far as possible where they lie; errors as in {@link readFloats}. */
export function readIntegers(tensor: TensorProto, file: string): Int8Array | Uint8Array {
  const signed = tensor.dataType === INT8;
  if (!isEightBit(tensor)) throw wrongType(tensor, "int8 or uint8", file);
  const { int32Data } = tensor;
  if (int32Data.length > 0) {
    requireData(tensor, { size: elements(tensor), got: int32Data.length, unit: "numbers" }, file);
    return signed ? Int8Array.from(int32Data) : Uint8Array.from(int32Data);
  }
  const raw = rawData(tensor, 1, file);
  return signed ? new Int8Array(raw.buffer, raw.byteOffset, raw.length) : raw;
}

function rawData(tensor: TensorProto, width: number, file: string): Uint8Array {
  const size = width * elements(tensor);
  requireData(tensor, { size, got: tensor.rawData.length, unit: "bytes" }, file);
  return tensor.rawData;
}

function elements({ dims }: TensorProto): number {
  return sizeOf(dims.map(Number));
}

function requireData(
  tensor: TensorProto,
  { size, got, unit }: { size: number; got: number; unit: string },
  file: string,
): void {
  const location: number = tensor.dataLocation;
  const external = location === EXTERNAL;
  if (size === got && !external) return;
  throw new EngineError(
    "E_FILE",
    `Expected ${size} ${unit} of data in initializer ${tensor.name}, got ${external ? "data in another file" : `${got} ${unit}`} in ${file}. Use a self-contained, complete ONNX file.`,
  );
}

function wrongType(tensor: TensorProto, expected: string, file: string): EngineError {
  const type = TensorProto_DataType[tensor.dataType] ?? String(tensor.dataType);
  return new EngineError(
    "E_FILE",
    `Expected ${expected} in initializer ${tensor.name}, got ${type} in ${file}. Use a float or row-wise int8 ONNX file.`,
  );
}
