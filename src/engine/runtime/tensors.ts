import { Tensor } from "onnxruntime-node";
import type { DataType, NamedArray } from "../types.ts";
import { names } from "./names.ts";

interface HostArray {
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

/** A host array as a tensor of the runtime; float32 and int32 are not copied. */
export function toRuntime({ shape, data }: HostArray, dtype: DataType): Tensor {
  if (dtype === "bool") return new Tensor("bool", Uint8Array.from(data), shape);
  return dtype === "int32"
    ? new Tensor("int32", data as Int32Array, shape)
    : new Tensor("float32", data as Float32Array, shape);
}

/** A tensor of the runtime as a host array of float32. */
function fromRuntime(tensor: Tensor): NamedArray {
  const data = tensor.data as Float32Array | Int32Array | Uint8Array;
  return {
    shape: [...tensor.dims],
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  };
}

/** A run's results as host arrays, by the program's own names of its outputs. */
export function readOutputs(
  results: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
): Record<string, NamedArray> {
  const entries = outputs.map((name) => [name, fromRuntime(results[names.output(name)]!)] as const);
  return Object.fromEntries(entries);
}
