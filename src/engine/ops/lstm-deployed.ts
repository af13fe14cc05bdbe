import type * as tf from "@tensorflow/tfjs";
import { binary } from "../kernels/elementwise.ts";
import { reduce } from "../kernels/reductions.ts";
import { concatenate, split, transpose } from "../kernels/shapes.ts";
import { backend, tensorOf, valueOf } from "../trace/backend.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import { sizeOf } from "../shape.ts";
import type { LstmDirection, LstmWeights } from "./lstm-weights.ts";

/** PyTorch's gates are input, forget, cell, output; ONNX's are input, output, forget, cell. */
const ONNX_GATES = [0, 3, 1, 2] as const;

/** All directions as one `LSTM` operator, which every runtime has made fast. */
export function deployedLstm(
  x: tf.Tensor3D,
  mask: tf.Tensor2D,
  directions: readonly LstmDirection[],
): tf.Tensor3D {
  const { tracer } = backend;
  const [batch, length] = x.shape;
  const weights = directions.map((direction) => direction.weights);
  const hidden = weights[0]!.recurrent.shape[1];
  const inputs = [
    transpose(tracer, valueOf(x), [1, 0, 2]),
    stack(
      tracer,
      weights.map((one) => gates(tracer, valueOf(one.input))),
    ),
    stack(
      tracer,
      weights.map((one) => gates(tracer, valueOf(one.recurrent))),
    ),
    stack(
      tracer,
      weights.map((one) => biases(tracer, one)),
    ),
    lengths(tracer, valueOf(mask)),
  ];
  const names = inputs.map((value) => tracer.name(value));
  const output = tracer.emit("LSTM", names, [length, weights.length, batch, hidden], {
    attributes: { direction: nameOf(directions), hidden_size: hidden },
  });
  const perText = transpose(tracer, output, [2, 0, 1, 3]);
  return tensorOf(tracer.reshape(perText, [batch, length, weights.length * hidden]));
}

/** What ONNX calls the directions: one of either kind, or forward and then backward. */
function nameOf(directions: readonly LstmDirection[]): "forward" | "reverse" | "bidirectional" {
  if (directions.length > 1) return "bidirectional";
  return directions[0]!.reverse ? "reverse" : "forward";
}

function biases(tracer: Tracer, weights: LstmWeights): Value {
  const both = [weights.inputBias, weights.recurrentBias];
  return concatenated(
    tracer,
    both.map((bias) => gates(tracer, valueOf(bias))),
    0,
  );
}

/** Rows in ONNX's order of gates; of a constant here and now, so that a model holds them once and in order. */
function gates(tracer: Tracer, weight: Value): Value {
  const [rows, ...rest] = weight.shape as [number, ...number[]];
  const size = rows / 4;
  if (weight.kind !== "constant") {
    const parts = split(tracer, weight, 0, [size, size, size, size]);
    return concatenate(
      tracer,
      ONNX_GATES.map((gate) => parts[gate]!),
      0,
    );
  }
  const { values } = weight;
  const block = size * sizeOf(rest);
  const ordered = new Float32Array(values.length);
  ONNX_GATES.forEach((gate, place) => {
    for (let index = 0; index < block; index += 1) {
      ordered[place * block + index] = values[gate * block + index]!;
    }
  });
  return { kind: "constant", values: ordered, shape: weight.shape, type: weight.type };
}

function stack(tracer: Tracer, values: readonly Value[]): Value {
  const rows = values.map((value) => tracer.reshape(value, [1, ...value.shape]));
  return concatenated(tracer, rows, 0);
}

/** Along the first axis; constants here and now. */
function concatenated(tracer: Tracer, values: readonly Value[], axis: 0): Value {
  const constants = values.filter((value) => value.kind === "constant");
  if (constants.length !== values.length) return concatenate(tracer, values, axis);
  const joined = constants.flatMap((value) => Array.from(value.values));
  const [first] = constants;
  const rows = constants.reduce((sum, value) => sum + value.shape[0]!, 0);
  const shape = [rows, ...first!.shape.slice(1)];
  return { kind: "constant", values: Float32Array.from(joined), shape, type: first!.type };
}

/** Tokens of each text, `[B]` int32. */
function lengths(tracer: Tracer, mask: Value): Value {
  const sum = reduce(tracer, mask, { operator: "ReduceSum", axes: [1], keepDims: false });
  // Half is added before the fraction is cut off: a sum of ones is whole, but let nothing hang on a rounding.
  return tracer.cast(binary(tracer, "Add", sum, tracer.uniform(0.5)), "int32");
}
