import { binary, unary } from "../kernels/elementwise.ts";
import { gemm } from "../kernels/products.ts";
import { scan } from "../kernels/scan.ts";
import { concatenate, split, transpose } from "../kernels/shapes.ts";
import { tf } from "../tfjs.ts";
import { backend, tensorOf, valueOf } from "../trace/backend.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import { KEPT, lstmGradients } from "./lstm-gradients.ts";
import type { Kept } from "./lstm-gradients.ts";
import type { LstmDirection, LstmWeights } from "./lstm-weights.ts";
import { withGradient } from "./with-gradient.ts";

/** An LSTM for training: per direction one Gemm for all inputs and a `Scan`, and another `Scan` backwards. */
export function tracedLstm(
  x: tf.Tensor3D,
  mask: tf.Tensor2D,
  directions: readonly LstmDirection[],
): tf.Tensor3D {
  // Steps first: a Scan walks along the first axis.
  const steps = tf.transpose(x, [1, 0, 2]);
  const inputs = [steps, ...directions.flatMap(({ weights }) => tensorsOf(weights))];
  const hidden = withGradient(inputs, () => {
    const { tracer } = backend;
    const present = presence(tracer, valueOf(mask));
    const passes = directions.map((direction) =>
      forwardPass(tracer, valueOf(steps), present, direction),
    );
    const outputs = passes.map((pass) => pass.hidden);
    const kept = passes.flatMap((pass) => KEPT.map((name) => pass.kept[name]));
    const reverse = directions.map((direction) => direction.reverse);
    return {
      value: tensorOf(concatenate(tracer, outputs, 2)),
      save: [...inputs, ...kept.map((value) => tensorOf(value))],
      gradient: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        lstmGradients(tracer, valueOf(dy), { present, reverse, saved: saved.map(valueOf) }).map(
          (value) => tensorOf(value),
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
  { weights, reverse }: LstmDirection,
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
