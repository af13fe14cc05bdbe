import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import type { GraphProto } from "onnx-buf";
import { EngineError } from "../errors.ts";
import type { NamedArray } from "../types.ts";
import { dequantize } from "./dequantize.ts";
import { nearNames } from "./near-names.ts";
import { readFloats, readIntegers } from "./onnx-data.ts";
import { findSources } from "./onnx-sources.ts";
import type { Source } from "./onnx-sources.ts";

/** The weights of an ONNX file by the names that Hugging Face gives them. */
export interface OnnxWeights {
  /** In the file's order; initializers without dimensions are the graph's constants and not among them. */
  names(): string[];
  has(name: string): boolean;
  /**
   * The shape that `tensor` gives, without reading the data.
   *
   * @throws EngineError `E_NAME` listing near names.
   */
  shape(name: string): readonly number[];
  /**
   * As float32 in an array of its own, dequantized and transposed where the file has it so.
   *
   * @throws EngineError `E_NAME` listing near names, `E_FILE` if the tensor's data is damaged or kept elsewhere.
   */
  tensor(name: string): NamedArray;
}

/**
 * Reads an ONNX file's initializers as weights: floats as they are; `<name>_quantized` `[V, D]` with `<name>_scale`
 * `[V, 1]` as the embedding table `<name>`; `<name>_T_quantized` `[in, out]` with `<name>_T_scale` `[out]` as the linear
 * layer `<name>` `[out, in]`. A `_zero_point` beside them is subtracted. A matrix that lost its name on export
 * (`onnx::MatMul_12`) goes by the bias that is added next. Nothing is copied before a tensor is asked for: until then
 * the bytes are read where they lie.
 *
 * @param file - Its path, for messages.
 * @throws EngineError `E_FILE` if the bytes are no ONNX model.
 */
export function readOnnxWeights(bytes: Uint8Array, file = "the ONNX file"): OnnxWeights {
  const sources = findSources(decodeGraph(bytes, file));
  const find = (name: string): Source => {
    const source = sources.get(name);
    if (source) return source;
    throw unknownName(name, [...sources.keys()], file);
  };
  return {
    names: () => [...sources.keys()],
    has: (name) => sources.has(name),
    shape(name) {
      const { values, transposed } = find(name);
      const shape = values.dims.map(Number);
      return transposed ? shape.reverse() : shape;
    },
    tensor: (name) => readSource(find(name), file),
  };
}

function decodeGraph(bytes: Uint8Array, file: string): GraphProto {
  let graph: GraphProto | undefined;
  try {
    graph = fromBinary(ModelProtoSchema, bytes).graph;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(
      "E_FILE",
      `Expected an ONNX model, got what cannot be decoded (${reason}) in ${file}. Fetch the file again.`,
      { cause },
    );
  }
  if (!graph) {
    throw new EngineError(
      "E_FILE",
      `Expected an ONNX model with a graph, got none in ${file}. Fetch the file again.`,
    );
  }
  return graph;
}

function readSource({ values, quantized, transposed }: Source, file: string): NamedArray {
  if (quantized) {
    const { scaleName, scale, zeroPoint } = quantized;
    if (!scale) throw noScale(values.name, scaleName, file);
    const integers = {
      name: values.name,
      shape: values.dims.map(Number),
      values: readIntegers(values, file),
      scale: readFloats(scale, file),
      ...(zeroPoint && { zeroPoint: readIntegers(zeroPoint, file) }),
    };
    return dequantize(integers, { transposed, file });
  }
  const floats = readFloats(values, file);
  return transposed ? transpose(floats) : floats;
}

function transpose({ shape, data }: NamedArray): NamedArray {
  const [rows, columns] = shape as [number, number];
  const transposed = new Float32Array(data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      transposed[column * rows + row] = data[row * columns + column]!;
    }
  }
  return { shape: [columns, rows], data: transposed };
}

function noScale(name: string, scale: string, file: string): EngineError {
  return new EngineError(
    "E_FILE",
    `Expected an initializer ${scale} beside ${name}, got none in ${file}. Use a float or row-wise int8 ONNX file.`,
  );
}

function unknownName(name: string, names: readonly string[], file: string): EngineError {
  const near = nearNames(name, names);
  const hint =
    near.length > 0 ? `Near names: ${near.join(", ")}.` : `It has ${names.length} weights.`;
  return new EngineError("E_NAME", `Expected a weight ${name}, got none in ${file}. ${hint}`);
}
