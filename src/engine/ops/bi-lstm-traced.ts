import * as tf from "@tensorflow/tfjs";
import { binary, unary } from "../kernels/elementwise.ts";
import { gemm } from "../kernels/products.ts";
import { reduce } from "../kernels/reductions.ts";
import { scan } from "../kernels/scan.ts";
import { concatenate, slice, split, transpose } from "../kernels/shapes.ts";
import { backend, tensorOf, valueOf } from "../trace/backend.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import type { BiLstmWeights, LstmWeights } from "./lstm-weights.ts";
import { withGradient } from "./with-gradient.ts";

/** What a direction's forward pass keeps for its backward pass, each `[L, B, H]`. */
const KEPT = [
  "previousHidden",
  "previousCell",
  "cellTanh",
  "input",
  "forget",
  "cell",
  "output",
] as const;
type Kept = Record<(typeof KEPT)[number], Value>;

/** `biLstm` for training: per direction one Gemm for all inputs and a `Scan`, and another `Scan` backwards. */
export function tracedBiLstm(
  x: tf.Tensor3D,
  mask: tf.Tensor2D,
  weights: BiLstmWeights,
): tf.Tensor3D {
  // Steps first: a Scan walks along the first axis.
  const steps = tf.transpose(x, [1, 0, 2]);
  const directions = [weights.forward, weights.backward];
  const inputs = [steps, ...directions.flatMap(tensorsOf)];
  const hidden = withGradient(inputs, () => {
    const { tracer } = backend;
    const present = presence(tracer, valueOf(mask));
    const passes = directions.map((direction, index) =>
      forwardPass(tracer, valueOf(steps), present, { weights: direction, reverse: index === 1 }),
    );
    const outputs = passes.map((pass) => pass.hidden);
    const kept = passes.flatMap((pass) => KEPT.map((name) => pass.kept[name]));
    return {
      value: tensorOf(concatenate(tracer, outputs, 2)),
      save: [...inputs, ...kept.map((value) => tensorOf(value))],
      gradient: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        backwardPasses(tracer, valueOf(dy), present, saved.map(valueOf)).map((value) =>
          tensorOf(value),
        ),
    };
  });
  return tf.transpose(hidden, [1, 0, 2]) as tf.Tensor3D;
}

function tensorsOf(weights: LstmWeights): tf.Tensor[] {
  return [weights.input, weights.recurrent, weights.inputBias, weights.recurrentBias];
}

/** The mask as `[L, B, 1]`. */
function presence(tracer: Tracer, mask: Value): Value {
  const [batch, length] = mask.shape as [number, number];
  return tracer.reshape(transpose(tracer, mask, [1, 0]), [length, batch, 1]);
}

function forwardPass(
  tracer: Tracer,
  x: Value,
  present: Value,
  { weights, reverse }: { weights: LstmWeights; reverse: boolean },
): { hidden: Value; kept: Kept } {
  const [length, batch, size] = x.shape as [number, number, number];
  const recurrent = valueOf(weights.recurrent);
  const hiddenSize = recurrent.shape[1]!;
  const bias = binary(tracer, "Add", valueOf(weights.inputBias), valueOf(weights.recurrentBias));
  const rows = tracer.reshape(x, [length * batch, size]);
  const transposes = { transposeA: false, transposeB: true };
  const projected = gemm(tracer, rows, valueOf(weights.input), { ...transposes, bias });
  const projections = tracer.reshape(projected, [length, batch, 4 * hiddenSize]);
  const zeros = tracer.uniform(0, [batch, hiddenSize]);
  const [hidden, ...kept] = scan(tracer, {
    states: [zeros, zeros],
    inputs: [projections, present].map((value) => ({ value, reverse })),
    reverseOutputs: reverse,
    body: ([h, c], [projection, here]) => {
      const z = gemm(tracer, h!, recurrent, { ...transposes, bias: projection! });
      const sizes = [2 * hiddenSize, hiddenSize, hiddenSize];
      const [inputForget, cellGate, outputGate] = split(tracer, z, 1, sizes);
      const halves = [hiddenSize, hiddenSize];
      const [i, f] = split(tracer, unary(tracer, "Sigmoid", inputForget!), 1, halves);
      const g = unary(tracer, "Tanh", cellGate!);
      const o = unary(tracer, "Sigmoid", outputGate!);
      const sum = binary(
        tracer,
        "Add",
        binary(tracer, "Mul", f!, c!),
        binary(tracer, "Mul", i!, g),
      );
      const cell = binary(tracer, "Mul", sum, here!);
      const cellTanh = unary(tracer, "Tanh", cell);
      const next = binary(tracer, "Mul", o, cellTanh);
      return { states: [next, cell], outputs: [next, h!, c!, cellTanh, i!, f!, g, o] };
    },
  });
  const entries = KEPT.map((name, index) => [name, kept[index]!] as const);
  return { hidden: hidden!, kept: Object.fromEntries(entries) as Kept };
}

/** Gradients of the inputs, in the order of `tracedBiLstm`'s: x, then each direction's weights. */
function backwardPasses(
  tracer: Tracer,
  dy: Value,
  present: Value,
  saved: readonly Value[],
): Value[] {
  const [length, batch, size] = saved[0]!.shape as [number, number, number];
  const hiddenSize = dy.shape[2]! / 2;
  const rows = tracer.reshape(saved[0]!, [length * batch, size]);
  let dx: Value | undefined;
  const gradients = [0, 1].flatMap((index) => {
    const [input, recurrent] = saved.slice(1 + 4 * index) as [Value, Value];
    const first = 9 + KEPT.length * index;
    const kept = Object.fromEntries(
      KEPT.map((name, place) => [name, saved[first + place]!]),
    ) as Kept;
    const part = slice(tracer, dy, [0, 0, index * hiddenSize], [length, batch, hiddenSize]);
    const gates = gateGradients(tracer, {
      dy: part,
      present,
      recurrent,
      kept,
      reverse: index === 1,
    });
    const flat = tracer.reshape(gates, [length * batch, 4 * hiddenSize]);
    const previous = tracer.reshape(kept.previousHidden, [length * batch, hiddenSize]);
    const left = { transposeA: true, transposeB: false };
    const plain = { transposeA: false, transposeB: false };
    // The second direction's product is added to the first's within the Gemm.
    dx = gemm(tracer, flat, input, dx ? { ...plain, bias: dx } : plain);
    const sum = reduce(tracer, flat, { operator: "ReduceSum", axes: [0], keepDims: false });
    return [gemm(tracer, flat, rows, left), gemm(tracer, flat, previous, left), sum, sum];
  });
  return [tracer.reshape(dx!, [length, batch, size]), ...gradients];
}

interface BackwardOptions {
  /** Gradient of this direction's outputs, `[L, B, H]`. */
  dy: Value;
  present: Value;
  recurrent: Value;
  kept: Kept;
  reverse: boolean;
}

/** Gradients of the gates before their activations, `[L, B, 4H]`. */
function gateGradients(tracer: Tracer, options: BackwardOptions): Value {
  const { dy, present, recurrent, kept, reverse } = options;
  const { cellTanh, input, forget, cell, output, previousCell } = kept;
  const multiply = (a: Value, b: Value) => binary(tracer, "Mul", a, b);
  const oneMinus = (a: Value) => binary(tracer, "Sub", tracer.uniform(1), a);
  const square = (a: Value) => multiply(a, a);
  // What does not depend on the recurrence is computed for all steps at once.
  const factors = {
    ofCell: multiply(output, oneMinus(square(cellTanh))),
    toInput: multiply(multiply(cell, input), oneMinus(input)),
    toForget: multiply(multiply(previousCell, forget), oneMinus(forget)),
    toCell: multiply(input, oneMinus(square(cell))),
    toOutput: multiply(multiply(cellTanh, output), oneMinus(output)),
  };
  const { ofCell, toInput, toForget, toCell, toOutput } = factors;
  const [, batch, hiddenSize] = dy.shape as [number, number, number];
  const zeros = tracer.uniform(0, [batch, hiddenSize]);
  const walked = [dy, present, ofCell, toInput, toForget, toCell, toOutput, forget];
  const [gates] = scan(tracer, {
    states: [zeros, zeros],
    inputs: walked.map((value) => ({ value, reverse: !reverse })),
    reverseOutputs: !reverse,
    body: ([dh, dc], [step, here, cellFactor, ...rest]) => {
      const [inputFactor, forgetFactor, gateFactor, outputFactor, kept] = rest;
      const hidden = binary(tracer, "Add", step!, dh!);
      const sum = binary(tracer, "Add", dc!, multiply(hidden, cellFactor!));
      const dCell = multiply(sum, here!);
      const parts = [inputFactor!, forgetFactor!, gateFactor!].map((factor) =>
        multiply(dCell, factor),
      );
      const dz = concatenate(tracer, [...parts, multiply(hidden, outputFactor!)], 1);
      const dPrevious = gemm(tracer, dz, recurrent, { transposeA: false, transposeB: false });
      return { states: [dPrevious, multiply(dCell, kept!)], outputs: [dz] };
    },
  });
  return gates!;
}
