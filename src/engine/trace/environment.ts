import { EngineError } from "../errors.ts";
import { isFree } from "../graph/symbols.ts";
import type { Tags } from "../graph/symbols.ts";
import { tf } from "../tfjs.ts";
import { overrideGradients } from "./gradients.ts";

interface TapeNode {
  kernelName: string;
  outputs: tf.Tensor[];
  /** By input, a function that makes its gradient. */
  gradient?: (dys: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
}

interface TapingEngine {
  state: { activeTape: TapeNode[] };
  addTapeNode(...parameters: unknown[]): void;
}

/** An error in a gradient, far from the line of the operation whose gradient it is. */
export class GradientFailure extends Error {
  override readonly name = "GradientFailure";

  constructor(cause: unknown) {
    super("a gradient could not be traced", { cause });
  }
}

type TypedArrayName = "Float32Array" | "Int32Array" | "Uint8Array";
const TYPED_ARRAYS: readonly TypedArrayName[] = ["Float32Array", "Int32Array", "Uint8Array"];

/** Functions of tfjs that allocate a tensor in order to fill it with random numbers. */
const DRAWING = /\bat (?:\w+\.)*(?:randomUniform|randomNormal|randomGamma|truncatedNormal|rand)_? /;

// More than enough to reach the program's line through tfjs's frames.
const STACK_FRAMES = 100;

/**
 * Runs `body` in surroundings where a trace is safe: what a program does in plain JavaScript and a graph cannot
 * repeat is refused with a reason, and tfjs's gradients never allocate a tensor of a free size. Everything is put
 * back before this returns; a trace has no `await` in it, so nobody else sees the changes.
 */
export function inTraceEnvironment<Result>(
  tags: Tags,
  options: { recordOrigins: boolean },
  body: () => Result,
): Result {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const restorers = [refuseRandomNumbers(), overrideGradients(), guardTape(options)];
  restorers.push(...TYPED_ARRAYS.map((name) => refuseFreeAllocations(name, tags)));
  try {
    return body();
  } finally {
    for (const restore of restorers) restore();
    Error.stackTraceLimit = limit;
  }
}

/** `tf.dropout`, `tf.randomUniform` and the like draw in JavaScript: one draw would be part of the graph for good. */
function refuseRandomNumbers(): () => void {
  const original = Math.random;
  Math.random = () => {
    throw randomError();
  };
  return () => {
    Math.random = original;
  };
}

export function randomError(): EngineError {
  return new EngineError(
    "E_RANDOM_IN_TRACE",
    "Expected a program that draws no random numbers itself, got one that does (tf.dropout, tf.randomUniform, Math.random …): one draw would serve every step. Use context.dropout, or an input.",
  );
}

/** An array of `B` numbers would be as long as the prime that stands for `B`, not as the batch. */
function refuseFreeAllocations(name: TypedArrayName, tags: Tags): () => void {
  const original = globalThis[name];
  const guarded = new Proxy(original, {
    construct(target, parameters: unknown[], newTarget) {
      const [size] = parameters;
      if (typeof size === "number" && isFree(size, tags)) {
        if (DRAWING.test(new Error().stack ?? "")) throw randomError();
        throw new EngineError(
          "E_SHAPE",
          "Expected tensors of free size to come from other tensors, got an array that is as large as the batch or the length. Use tf.fill, tf.zerosLike, tf.onesLike or tf.range instead of tf.zeros, tf.ones, tf.eye or a typed array.",
        );
      }
      return Reflect.construct(target, parameters, newTarget) as object;
    },
  });
  Object.assign(globalThis, { [name]: guarded });
  return () => {
    Object.assign(globalThis, { [name]: original });
  };
}

/**
 * tfjs fills in zeros, element by element, for outputs of a node that nobody used; here they are lazy. A node without
 * a gradient says which it is. An error in a gradient carries the stack of its forward operation if origins are
 * recorded, and else asks for that as a `GradientFailure`.
 */
function guardTape({ recordOrigins }: { recordOrigins: boolean }): () => void {
  const engine = tf.engine() as unknown as TapingEngine;
  const original = engine.addTapeNode.bind(engine);
  engine.addTapeNode = (...parameters) => {
    original(...parameters);
    const node = engine.state.activeTape.at(-1)!;
    const attempt = attempting(recordOrigins ? new Error("origin") : null);
    const gradient = node.gradient ?? missingGradient(node.kernelName);
    node.gradient = (dys) => {
      const given = dys.map((dy, index) => dy ?? tf.fill(node.outputs[index]!.shape, 0));
      const parts = Object.entries(attempt(() => gradient(given)));
      return Object.fromEntries(parts.map(([name, part]) => [name, () => attempt(part)]));
    };
  };
  return () => {
    // The method of the class shows again.
    Reflect.deleteProperty(engine, "addTapeNode");
  };
}

/** Runs a part of the gradient of an operation that was asked for at `origin`. */
function attempting(origin: Error | null): <Result>(body: () => Result) => Result {
  return (body) => {
    try {
      return body();
    } catch (error) {
      if (!origin) throw new GradientFailure(error);
      if (error instanceof Error) error.stack = origin.stack ?? "";
      throw error;
    }
  };
}

function missingGradient(kernelName: string): () => never {
  return () => {
    throw new EngineError(
      "E_UNSUPPORTED_OP",
      `Expected operations with a gradient between parameters and loss, got ${kernelName}, which has none. Keep it off that path, or give it one with tf.customGrad.`,
    );
  };
}
