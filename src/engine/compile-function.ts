import type { InferenceSession } from "onnxruntime-node";
import { EngineError } from "./errors.ts";
import { encodeModel } from "./graph/encode.ts";
import { createSession } from "./runtime/session.ts";
import { fromRuntime, toRuntime } from "./runtime/tensors.ts";
import { checkShapes } from "./runtime/check-shapes.ts";
import { trace } from "./trace/trace.ts";
import type { CompiledFunction, FunctionProgram, NamedArray, Tensors } from "./types.ts";

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
  const { graph } = trace({ fixedSizes: sizes }, (scope) => {
    const tensors = specs.map(([name, { shape, dtype }]) => [
      name,
      scope.input(name, shape, dtype),
    ]);
    const outputs = program.run(Object.fromEntries(tensors) as Tensors);
    for (const [name, tensor] of Object.entries(outputs)) scope.output(name, tensor);
  });
  const session = await createSession(encodeModel(graph), options.threads);
  const used = graph.inputs.map((input) => input.name);
  return {
    run: (inputs) => runFunction({ session, program, used }, inputs),
    dispose: () => session.release(),
  };
}

type FunctionInputs = Parameters<CompiledFunction["run"]>[0];

async function runFunction(
  compiled: { session: InferenceSession; program: FunctionProgram; used: readonly string[] },
  inputs: FunctionInputs,
): Promise<Record<string, NamedArray>> {
  const { session, program, used } = compiled;
  const unknown = Object.keys(inputs).find((name) => !(name in program.inputs));
  if (unknown !== undefined) {
    throw new EngineError(
      "E_SHAPE",
      `Expected inputs ${Object.keys(program.inputs).join(", ")}, got ${unknown}.`,
    );
  }
  checkShapes(program.inputs, inputs);
  const feeds = used.map((name) => [name, toRuntime(inputs[name]!, program.inputs[name]!.dtype)]);
  const results = await session.run(Object.fromEntries(feeds) as InferenceSession.FeedsType);
  return Object.fromEntries(
    session.outputNames.map((name) => [name, fromRuntime(results[name]!)] as const),
  );
}
