import { EngineError } from "../errors.ts";
import { tf } from "../tfjs.ts";
import { tensorOf } from "../trace/backend.ts";
import type { TraceScope } from "../trace/scope.ts";
import type { ProgramContext } from "../types.ts";
import type { DropoutPool } from "./dropout-pool.ts";

/** One call of dropout in a traced program: an input of the graph that each step fills with a mask. */
export interface DropoutLayer {
  input: string;
  rate: number;
  /** Free sizes are tagged. */
  shape: readonly number[];
}

/** For using a model: dropout does nothing. */
export const inferenceContext: ProgramContext = { training: false, dropout: (x) => x };

/** For tracing a training step: each dropout multiplies with an input, which is noted in `layers`. */
export function tracedContext(scope: TraceScope, layers: DropoutLayer[]): ProgramContext {
  return {
    training: true,
    dropout<T extends tf.Tensor>(x: T, rate: number): T {
      if (!drops(rate)) return x;
      const input = `dropout/${layers.length}`;
      layers.push({ input, rate, shape: x.shape });
      return tf.mul(x, tensorOf(scope.inputOfSize(input, x.shape, "float32")));
    },
  };
}

/** For running a program eagerly: the same masks as the compiled step of that number draws. */
export function eagerContext(pool: DropoutPool, step: number): ProgramContext {
  let layer = 0;
  return {
    training: true,
    dropout<T extends tf.Tensor>(x: T, rate: number): T {
      if (!drops(rate)) return x;
      const mask = pool.mask({ rate, step, layer, size: x.size });
      layer += 1;
      return tf.mul(x, tf.tensor(mask.slice(), x.shape));
    },
  };
}

function drops(rate: number): boolean {
  if (!(rate >= 0 && rate < 1)) {
    throw new EngineError(
      "E_SHAPE",
      `Expected a dropout rate of at least 0 and below 1, got ${rate}.`,
    );
  }
  return rate > 0;
}
