import { binary } from "../kernels/elementwise.ts";
import { gemm } from "../kernels/products.ts";
import { reduce } from "../kernels/reductions.ts";
import { scan } from "../kernels/scan.ts";
import { concatenate, slice, splitEvenly } from "../kernels/shapes.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";

/**
 * What the forward pass keeps of each step for the backward pass, `[L, directions · B, H]` as the directions walk: the
 * state, tanh of the cell, the gates, and both terms of the cell, `f·c` and `i·g`.
 */
export const KEPT = [
  "hidden",
  "cellTanh",
  "input",
  "forget",
  "cell",
  "output",
  "remembered",
  "added",
] as const;
export type Kept = Record<(typeof KEPT)[number], Value>;

export interface ForwardPasses {
  /** The mask as each direction walks along it, `[L, directions · B, 1]`. */
  present: Value;
  /** By direction, whether it reads from the end. */
  reversed: readonly boolean[];
  /** x `[L, B, D]`, the four weights of each direction, the state before each step of each, and what was kept. */
  saved: readonly Value[];
}

/** How many tensors of weights a direction has. */
const WEIGHTS = 4;

/** Gradients of x and of each direction's weights, given that of the outputs, `[L, B, directions · H]`. */
export function lstmGradients(tracer: Tracer, dy: Value, forward: ForwardPasses): Value[] {
  const { present, reversed, saved } = forward;
  const [x, ...others] = saved as [Value, ...Value[]];
  const [length, batch, size] = x.shape as [number, number, number];
  const count = reversed.length;
  const weights = reversed.map((_, index) => others.slice(WEIGHTS * index) as [Value, Value]);
  const [previous, values] = [others.slice(WEIGHTS * count), others.slice((WEIGHTS + 1) * count)];
  const kept = Object.fromEntries(KEPT.map((name, place) => [name, values[place]!])) as Kept;
  const recurrent = weights.map((own) => own[1]);
  const gates = gateGradients(tracer, { dy, present, reversed, recurrent, kept });
  const rows = tracer.reshape(x, [length * batch, size]);
  let dx: Value | undefined;
  const gradients = weights.flatMap(([input, own], index) => {
    const [fourfold, hiddenSize] = own.shape as [number, number];
    const flat = tracer.reshape(gates[index]!, [length * batch, fourfold]);
    const before = tracer.reshape(previous[index]!, [length * batch, hiddenSize]);
    const left = { transposeA: true, transposeB: false };
    const plain = { transposeA: false, transposeB: false };
    // The second direction's product is added to the first's within the Gemm.
    dx = gemm(tracer, flat, input, dx ? { ...plain, bias: dx } : plain);
    const sum = reduce(tracer, flat, { operator: "ReduceSum", axes: [0], keepDims: false });
    return [gemm(tracer, flat, rows, left), gemm(tracer, flat, before, left), sum, sum];
  });
  return [tracer.reshape(dx!, [length, batch, size]), ...gradients];
}

interface BackwardOptions {
  /** Gradient of the outputs, `[L, B, directions · H]`. */
  dy: Value;
  present: Value;
  reversed: readonly boolean[];
  recurrent: readonly Value[];
  kept: Kept;
}

/** Gradients of each direction's gates before their activations, `[L, B, 4H]` in the order of the text. */
function gateGradients(tracer: Tracer, options: BackwardOptions): Value[] {
  const { dy, present, reversed, recurrent, kept } = options;
  const count = reversed.length;
  const [length, batch, width] = dy.shape as [number, number, number];
  const hiddenSize = width / count;
  const multiply = (a: Value, b: Value) => binary(tracer, "Mul", a, b);
  const ofOutputs = reversed.map((fromEnd, index) => ({
    value: slice(tracer, dy, [0, 0, index * hiddenSize], [length, batch, hiddenSize]),
    reverse: !fromEnd,
  }));
  const walked = [present, ...factors(tracer, kept), kept.forget];
  const zeros = tracer.uniform(0, [count * batch, hiddenSize]);
  return scan(tracer, {
    states: [zeros, zeros],
    inputs: [...ofOutputs, ...walked.map((value) => ({ value, reverse: true }))],
    body: ([dh, dc], elements) => {
      const step = concatenate(tracer, elements.slice(0, count), 0);
      const [here, ofCell, toInput, toForget, toCell, toOutput, keep] = elements.slice(count);
      const hidden = binary(tracer, "Add", step, dh!);
      const sum = binary(tracer, "Add", dc!, multiply(hidden, ofCell!));
      const dCell = multiply(sum, here!);
      const parts = [toInput!, toForget!, toCell!].map((factor) => multiply(dCell, factor));
      const dz = concatenate(tracer, [...parts, multiply(hidden, toOutput!)], 1);
      const own = splitEvenly(tracer, dz, 0, count);
      const plain = { transposeA: false, transposeB: false };
      const before = own.map((part, index) => gemm(tracer, part, recurrent[index]!, plain));
      return {
        states: [concatenate(tracer, before, 0), multiply(dCell, keep!)],
        outputs: own.map((value, index) => ({ value, reverse: !reversed[index]! })),
      };
    },
  });
}

/** What does not depend on the recurrence is computed for all steps at once: of the cell, then of the four gates. */
function factors(tracer: Tracer, kept: Kept): Value[] {
  const { hidden, cellTanh, input, forget, cell, output, remembered, added } = kept;
  const multiply = (a: Value, b: Value) => binary(tracer, "Mul", a, b);
  const oneMinus = (a: Value) => binary(tracer, "Sub", tracer.uniform(1), a);
  return [
    multiply(output, oneMinus(multiply(cellTanh, cellTanh))),
    multiply(added, oneMinus(input)),
    multiply(remembered, oneMinus(forget)),
    multiply(input, oneMinus(multiply(cell, cell))),
    multiply(hidden, oneMinus(output)),
  ];
}
