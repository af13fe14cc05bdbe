import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProto_DataLocation, TensorProto_DataType } from "onnx-buf";
import type { TensorProto } from "onnx-buf";
import { EngineError } from "../errors.ts";
import type { NamedArray } from "../types.ts";
import { dequantize, type Quantized } from "./dequantize.ts";
import { decodeFloats, type FloatType } from "./half-precision.ts";
import { nearNames } from "./near-names.ts";

/** The weights of an ONNX file by the names that Hugging Face gives them. */
export interface OnnxWeights {
  /** In the file's order; initializers without dimensions are the graph's constants and not among them. */
  names(): string[];
  has(name: string): boolean;
  /**
   * As float32 in an array of its own, dequantized and transposed where the file has it so.
   *
   * @throws EngineError `E_NAME` listing near names, `E_FILE` if the tensor's data is damaged or kept elsewhere.
   */
  tensor(name: string): NamedArray;
}

/** Where a weight's numbers lie: as they are, or int8 whose linear layers are `[in, out]`. */
interface Source {
  values: TensorProto;
  scale?: TensorProto;
  zeroPoint?: TensorProto | undefined;
  transposed: boolean;
}

const { FLOAT, FLOAT16, BFLOAT16 } = TensorProto_DataType;
// Numbers as they stand in the file, which may be of a type that the enum does not know.
const INT8: number = TensorProto_DataType.INT8;
const UINT8: number = TensorProto_DataType.UINT8;
const EXTERNAL: number = TensorProto_DataLocation.EXTERNAL;
const FLOATS = new Map<number, FloatType>([
  [FLOAT, "F32"],
  [FLOAT16, "F16"],
  [BFLOAT16, "BF16"],
]);
const TRANSPOSED = "_T_quantized";
const QUANTIZED = "_quantized";

/**
 * Reads an ONNX file's initializers as weights: floats as they are; `<name>_quantized` `[V, D]` with `<name>_scale`
 * `[V, 1]` as the embedding table `<name>`; `<name>_T_quantized` `[in, out]` with `<name>_T_scale` `[out]` as the linear
 * layer `<name>` `[out, in]`. A `_zero_point` beside them is subtracted. Nothing is copied before a tensor is asked for.
 *
 * @param file - Its path, for messages.
 * @throws EngineError `E_FILE` if the bytes are no ONNX model.
 */
export function readOnnxWeights(bytes: Uint8Array, file = "the ONNX file"): OnnxWeights {
  const sources = findSources(decodeInitializers(bytes, file));
  return {
    names: () => [...sources.keys()],
    has: (name) => sources.has(name),
    tensor(name) {
      const source = sources.get(name);
      if (!source) throw unknownName(name, [...sources.keys()], file);
      return readSource(source, file);
    },
  };
}

function decodeInitializers(bytes: Uint8Array, file: string): Map<string, TensorProto> {
  let initializers: TensorProto[] | undefined;
  try {
    initializers = fromBinary(ModelProtoSchema, bytes).graph?.initializer;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(
      "E_FILE",
      `Expected an ONNX model, got what cannot be decoded (${reason}) in ${file}. Fetch the file again.`,
      { cause },
    );
  }
  if (!initializers) {
    throw new EngineError(
      "E_FILE",
      `Expected an ONNX model with a graph, got none in ${file}. Fetch the file again.`,
    );
  }
  return new Map(initializers.map((tensor) => [tensor.name, tensor]));
}

function findSources(initializers: ReadonlyMap<string, TensorProto>): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const [name, values] of initializers) {
    const transposed = name.endsWith(TRANSPOSED);
    const base = name.slice(0, -QUANTIZED.length);
    const scale = initializers.get(`${base}_scale`);
    if (name.endsWith(QUANTIZED) && scale) {
      const zeroPoint = initializers.get(`${base}_zero_point`);
      const weight = transposed ? name.slice(0, -TRANSPOSED.length) : base;
      sources.set(weight, { values, scale, zeroPoint, transposed });
    } else if (
      FLOATS.has(values.dataType) &&
      values.dims.length > 0 &&
      !isScale(name, initializers)
    ) {
      sources.set(name, { values, transposed: false });
    }
  }
  return sources;
}

function isScale(name: string, initializers: ReadonlyMap<string, TensorProto>): boolean {
  return name.endsWith("_scale") && initializers.has(name.replace(/_scale$/, QUANTIZED));
}

function readSource({ values, scale, zeroPoint, transposed }: Source, file: string): NamedArray {
  if (!scale) return readFloats(values, file);
  const quantized: Quantized = {
    name: values.name,
    shape: values.dims.map(Number),
    values: readIntegers(values, file),
    scale: readFloats(scale, file),
    ...(zeroPoint && { zeroPoint: readIntegers(zeroPoint, file) }),
  };
  return dequantize(quantized, { transposed, file });
}

function readFloats(tensor: TensorProto, file: string): NamedArray {
  const shape = tensor.dims.map(Number);
  const type = FLOATS.get(tensor.dataType);
  if (!type) throw wrongType(tensor, "floating-point numbers", file);
  const data =
    tensor.floatData.length > 0
      ? Float32Array.from(tensor.floatData)
      : decodeFloats(rawData(tensor, type === "F32" ? 4 : 2, file), type);
  return { shape, data };
}

function readIntegers(tensor: TensorProto, file: string): Int8Array | Uint8Array {
  const signed = tensor.dataType === INT8;
  if (!signed && tensor.dataType !== UINT8) throw wrongType(tensor, "int8 or uint8", file);
  if (tensor.int32Data.length > 0) {
    return signed ? Int8Array.from(tensor.int32Data) : Uint8Array.from(tensor.int32Data);
  }
  const raw = rawData(tensor, 1, file);
  return signed ? new Int8Array(raw.buffer, raw.byteOffset, raw.length) : raw;
}

function rawData(tensor: TensorProto, width: number, file: string): Uint8Array {
  const expected = tensor.dims.reduce((product, size) => product * Number(size), width);
  const location: number = tensor.dataLocation;
  const external = location === EXTERNAL;
  if (external || tensor.rawData.length !== expected) {
    const got = external ? "data in another file" : `${tensor.rawData.length} bytes`;
    throw new EngineError(
      "E_FILE",
      `Expected ${expected} bytes of data in initializer ${tensor.name}, got ${got} in ${file}. Use a self-contained, complete ONNX file.`,
    );
  }
  return tensor.rawData;
}

function wrongType(tensor: TensorProto, expected: string, file: string): EngineError {
  const type = TensorProto_DataType[tensor.dataType] ?? String(tensor.dataType);
  return new EngineError(
    "E_FILE",
    `Expected ${expected} in initializer ${tensor.name}, got ${type} in ${file}. Use a float or row-wise int8 ONNX file.`,
  );
}

function unknownName(name: string, names: readonly string[], file: string): EngineError {
  const near = nearNames(name, names);
  const hint =
    near.length > 0 ? `Near names: ${near.join(", ")}.` : `It has ${names.length} weights.`;
  return new EngineError("E_NAME", `Expected a weight ${name}, got none in ${file}. ${hint}`);
}
