import { binary } from "../kernels/elementwise.ts";
import { gemm } from "../kernels/products.ts";
import { reduce } from "../kernels/reductions.ts";
import { scan } from "../kernels/scan.ts";
import { concatenate, slice } from "../kernels/shapes.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";

/** What a direction's forward pass keeps for its backward pass, each `[L, B, H]`. */
export const KEPT = [
  "previousHidden",
  "previousCell",
  "cellTanh",
  "input",
  "forget",
  "cell",
  "output",
] as const;
export type Kept = Record<(typeof KEPT)[number], Value>;

export interface ForwardPasses {
  /** The mask, `[L, B, 1]`. */
  present: Value;
  /** By direction, whether it reads from the end. */
  reverse: readonly boolean[];
  /** x `[L, B, D]`, the four weights of each direction, then what each direction kept. */
  saved: readonly Value[];
}

/** How many tensors of weights a direction has. */
const WEIGHTS = 4;

/** Gradients of x and of each direction's weights, given that of the outputs, `[L, B, directions · H]`. */
export function lstmGradients(tracer: Tracer, dy: Value, forward: ForwardPasses): Value[] {
  const { present, reverse, saved } = forward;
  const [length, batch, size] = saved[0]!.shape as [number, number, number];
  const hiddenSize = dy.shape[2]! / reverse.length;
  const rows = tracer.reshape(saved[0]!, [length * batch, size]);
  let dx: Value | undefined;
  const gradients = reverse.flatMap((reversed, index) => {
    const [input, recurrent] = saved.slice(1 + WEIGHTS * index) as [Value, Value];
    const first = 1 + WEIGHTS * reverse.length + KEPT.length * index;
    const kept = Object.fromEntries(
      KEPT.map((name, place) => [name, saved[first + place]!]),
    ) as Kept;
    const part = slice(tracer, dy, [0, 0, index * hiddenSize], [length, batch, hiddenSize]);
    const options = { dy: part, present, recurrent, kept, reverse: reversed };
    const gates = gateGradients(tracer, options);
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
