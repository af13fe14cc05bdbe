import type { InferenceSession } from "onnxruntime-node";
import { EngineError } from "./errors.ts";
import { encodeModel } from "./graph/encode.ts";
import { names } from "./runtime/names.ts";
import { createSession } from "./runtime/session.ts";
import { readOutputs, toRuntime } from "./runtime/tensors.ts";
import { checkShapes } from "./runtime/check-shapes.ts";
import { trace } from "./trace/trace.ts";
import type { CompiledFunction, FunctionProgram, NamedArray } from "./types.ts";

/**
 * Compiles a pure function of tensors: traced once into ONNX, run by ONNX Runtime for any `B` and `L`.
 *
 * @param options - `threads` inside one operator, default 1.
 * @throws EngineError `E_UNSUPPORTED_OP`, `E_READ_IN_TRACE`, `E_RANDOM_IN_TRACE` or `E_SHAPE` where the program cannot
 * be traced, naming its line.
 */
export async function compileFunction(
  program: FunctionProgram,
  options: { threads?: number } = {},
): Promise<CompiledFunction> {
  const specs = Object.entries(program.inputs);
  const sizes = specs.flatMap(([, spec]) => spec.shape.filter((size) => typeof size === "number"));
  const { graph, result: outputs } = trace({ fixedSizes: sizes }, (scope) => {
    const tensors = specs.map(([name, { shape, dtype }]) => {
      return [name, scope.input(names.input(name), shape, dtype)] as const;
    });
    const results = program.run(Object.fromEntries(tensors));
    for (const [name, tensor] of Object.entries(results)) scope.output(names.output(name), tensor);
    return Object.keys(results);
  });
  const session = await createSession(encodeModel(graph), options.threads);
  const read = new Set(graph.inputs.map((input) => input.name));
  const used = Object.keys(program.inputs).filter((name) => read.has(names.input(name)));
  return {
    run: (inputs) => runFunction({ session, program, used, outputs }, inputs),
    dispose: () => session.release(),
  };
}

type FunctionInputs = Parameters<CompiledFunction["run"]>[0];

interface Compiled {
  session: InferenceSession;
  program: FunctionProgram;
  used: readonly string[];
  outputs: readonly string[];
}

async function runFunction(
  { session, program, used, outputs }: Compiled,
  inputs: FunctionInputs,
): Promise<Record<string, NamedArray>> {
  const unknown = Object.keys(inputs).find((name) => !(name in program.inputs));
  if (unknown !== undefined) {
    throw new EngineError(
      "E_SHAPE",
      `Expected inputs ${Object.keys(program.inputs).join(", ")}, got ${unknown}.`,
    );
  }
  checkShapes(program.inputs, inputs);
  const feeds = used.map((name) => {
    return [names.input(name), toRuntime(inputs[name]!, program.inputs[name]!.dtype)] as const;
  });
  const results = await session.run(Object.fromEntries(feeds));
  return readOutputs(results, outputs);
}
