import { binary, unary } from "../kernels/elementwise.ts";
import { gemm } from "../kernels/products.ts";
import { scan } from "../kernels/scan.ts";
import { concatenate, reverse, split, splitEvenly, transpose } from "../kernels/shapes.ts";
import { tf } from "../tfjs.ts";
import { backend, tensorOf, valueOf } from "../trace/backend.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import { KEPT, lstmGradients } from "./lstm-gradients.ts";
import type { Kept } from "./lstm-gradients.ts";
import type { LstmDirection, LstmWeights } from "./lstm-weights.ts";
import { withGradient } from "./with-gradient.ts";

/**
 * An LSTM for training: per direction one Gemm for all inputs, then one `Scan` for all directions, and another one
 * backwards. The directions lie one below the other, `[directions · B, H]`, each as it walks: half as many rounds and
 * nodes, which for small batches is worth more than the copies it takes.
 */
export function tracedLstm(
  x: tf.Tensor3D,
  mask: tf.Tensor2D,
  directions: readonly LstmDirection[],
): tf.Tensor3D {
  // Steps first: a Scan walks along the first axis.
  const steps = tf.transpose(x, [1, 0, 2]);
  const inputs = [steps, ...directions.flatMap(({ weights }) => tensorsOf(weights))];
  const reversed = directions.map((direction) => direction.reverse);
  const hidden = withGradient(inputs, () => {
    const { tracer } = backend;
    const present = presence(tracer, valueOf(mask), reversed);
    const { previous, kept } = forwardPass(tracer, valueOf(steps), present, directions);
    const saved = [...previous, ...KEPT.map((name) => kept[name])];
    return {
      value: tensorOf(sideBySide(tracer, kept.hidden, reversed)),
      save: [...inputs, ...saved.map((value) => tensorOf(value))],
      gradient: (dy: tf.Tensor, values: tf.Tensor[]) =>
        lstmGradients(tracer, valueOf(dy), { present, reversed, saved: values.map(valueOf) }).map(
          (value) => tensorOf(value),
        ),
    };
  });
  return tf.transpose(hidden, [1, 0, 2]) as tf.Tensor3D;
}

function tensorsOf(weights: LstmWeights): tf.Tensor[] {
  return [weights.input, weights.recurrent, weights.inputBias, weights.recurrentBias];
}

/** The mask as each direction walks along it, `[L, directions · B, 1]`. */
function presence(tracer: Tracer, mask: Value, reversed: readonly boolean[]): Value {
  const [batch, length] = mask.shape as [number, number];
  const steps = tracer.reshape(transpose(tracer, mask, [1, 0]), [length, batch, 1]);
  const walked = reversed.map((fromEnd) => (fromEnd ? reverse(tracer, steps, [0]) : steps));
  return concatenate(tracer, walked, 1);
}

/** `[L, directions · B, H]` as the directions walk to `[L, B, directions · H]` in the order of the text. */
function sideBySide(tracer: Tracer, states: Value, reversed: readonly boolean[]): Value {
  const walked = splitEvenly(tracer, states, 1, reversed.length);
  const ordered = walked.map((one, index) => (reversed[index] ? reverse(tracer, one, [0]) : one));
  return concatenate(tracer, ordered, 2);
}

/** Pre-activations of one direction from its inputs alone, `[L, B, 4H]`. */
function project(tracer: Tracer, x: Value, weights: LstmWeights): Value {
  const [length, batch, size] = x.shape as [number, number, number];
  const bias = binary(tracer, "Add", valueOf(weights.inputBias), valueOf(weights.recurrentBias));
  const rows = tracer.reshape(x, [length * batch, size]);
  const input = valueOf(weights.input);
  const projected = gemm(tracer, rows, input, { transposeA: false, transposeB: true, bias });
  return tracer.reshape(projected, [length, batch, input.shape[0]!]);
}

interface Passed {
  /** Of each direction the state before each step, `[L, B, H]` in the order of the text. */
  previous: Value[];
  kept: Kept;
}

function forwardPass(
  tracer: Tracer,
  x: Value,
  present: Value,
  directions: readonly LstmDirection[],
): Passed {
  const count = directions.length;
  const recurrent = directions.map(({ weights }) => valueOf(weights.recurrent));
  const [batch, hiddenSize] = [x.shape[1]!, recurrent[0]!.shape[1]!];
  const projections = directions.map((direction) => ({
    value: project(tracer, x, direction.weights),
    reverse: direction.reverse,
  }));
  const zeros = tracer.uniform(0, [batch, hiddenSize]);
  const outputs = scan(tracer, {
    states: [...recurrent.map(() => zeros), tracer.uniform(0, [count * batch, hiddenSize])],
    inputs: [...projections, { value: present, reverse: false }],
    body: (states, elements) => {
      const gates = recurrent.map((weight, index) => {
        const options = { transposeA: false, transposeB: true, bias: elements[index]! };
        return gemm(tracer, states[index]!, weight, options);
      });
      const z = concatenate(tracer, gates, 0);
      const { next, kept } = cellStep(tracer, z, states[count]!, elements[count]!);
      const previous = projections.map(({ reverse: fromEnd }, index) => ({
        value: states[index]!,
        reverse: fromEnd,
      }));
      return {
        states: [...splitEvenly(tracer, kept.hidden, 0, count), next],
        outputs: [...previous, ...KEPT.map((name) => ({ value: kept[name], reverse: false }))],
      };
    },
  });
  const kept = KEPT.map((name, index) => [name, outputs[count + index]!] as const);
  return { previous: outputs.slice(0, count), kept: Object.fromEntries(kept) as Kept };
}

/** The cell after a step, from the gates' pre-activations `[directions · B, 4H]` and the cell before it. */
function cellStep(
  tracer: Tracer,
  z: Value,
  before: Value,
  here: Value,
): { next: Value; kept: Kept } {
  const multiply = (a: Value, b: Value) => binary(tracer, "Mul", a, b);
  const size = before.shape[1]!;
  const [inputForget, cellGate, outputGate] = split(tracer, z, 1, [2 * size, size, size]);
  const squashed = unary(tracer, "Sigmoid", inputForget!);
  const [input, forget] = split(tracer, squashed, 1, [size, size]) as [Value, Value];
  const cell = unary(tracer, "Tanh", cellGate!);
  const output = unary(tracer, "Sigmoid", outputGate!);
  const remembered = multiply(forget, before);
  const added = multiply(input, cell);
  const next = multiply(binary(tracer, "Add", remembered, added), here);
  const cellTanh = unary(tracer, "Tanh", next);
  const hidden = multiply(output, cellTanh);
  return { next, kept: { hidden, cellTanh, input, forget, cell, output, remembered, added } };
}
