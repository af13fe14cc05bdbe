import type { Tensor } from "onnxruntime-node";
import { EMBEDDED, names } from "../runtime/names.ts";
import { tf } from "../tfjs.ts";
import type { DataType, NamedArray, Program, Tensors } from "../types.ts";

/** Tensors of the host, under the names that graphs give them. */
export type Feeds = Readonly<Record<string, Tensor>>;

/**
 * Runs `body` on a tfjs backend and frees every tensor that it made. Nothing in it may wait: whoever else works with
 * tfjs in this thread finds the backend that was in use before.
 */
export function runOn<Result>(backend: string, body: () => Result): Result {
  const previous = (tf.getBackend() as string | undefined) ?? "cpu";
  void tf.setBackend(backend);
  // Not `tf.tidy`, which would look for tensors to keep in what `body` returns, number by number.
  tf.engine().startScope("eager");
  try {
    return body();
  } finally {
    tf.engine().endScope();
    void tf.setBackend(previous);
  }
}

/** The feeds as the program's parameters and inputs; tensors are made for this very run. */
export function tensorsOf(
  program: Program,
  feeds: Feeds,
): { parameters: Record<string, tf.Tensor>; inputs: Tensors } {
  const parameters = program.parameters.map(
    ({ name }) => [name, toTensor(feeds[names.parameter(name)]!)] as const,
  );
  const inputs = Object.keys(program.inputs).flatMap((name) => {
    const feed = feeds[names.input(name)];
    return feed ? [[name, toTensor(feed)] as const] : [];
  });
  const embedded = feeds[EMBEDDED];
  return {
    parameters: Object.fromEntries(parameters),
    inputs: {
      ...(embedded && { embedded: toTensor(embedded) }),
      ...Object.fromEntries(inputs),
    },
  };
}

function toTensor({ data, dims, type }: Tensor): tf.Tensor {
  return tf.tensor(data as Float32Array | Int32Array | Uint8Array, [...dims], type as DataType);
}

/** A tensor's values as an array of its own: tensors may share theirs, as the gradients of a sum's terms do. */
export function readValues(tensor: tf.Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}

/** A tensor as a host array of float32. */
export function readArray(tensor: tf.Tensor): NamedArray {
  return { shape: [...tensor.shape], data: readValues(tensor) };
}
