import type * as tf from "@tensorflow/tfjs";
import { inferenceContext } from "../dropout/contexts.ts";
import { EngineError } from "../errors.ts";
import { encodeModel } from "../graph/encode.ts";
import type { Graph } from "../graph/graph.ts";
import { tensorOf } from "../trace/backend.ts";
import type { TraceScope } from "../trace/scope.ts";
import { trace } from "../trace/trace.ts";
import type { Value } from "../trace/value.ts";
import type { ExportOptions, NamedArray, Program, StateDict, Tensors } from "../types.ts";
import { fixedSizes } from "./graphs.ts";

/**
 * The forward pass as a self-contained ONNX model: `input_ids` and `attention_mask`, int64 `[batch, sequence]`, to the
 * named outputs. Weights keep their names, as far as an operator takes them as they are.
 *
 * @throws EngineError `E_UNSUPPORTED_OP` if the program has inputs of `forward` besides `mask`, or an output is not
 * there; `E_NAME` if an output is to be called as something else is.
 */
export function exportModel(
  program: Program,
  weights: StateDict,
  options: ExportOptions,
): Uint8Array {
  const { graph } = trace({ fixedSizes: fixedSizes(program), deployment: true }, (scope) => {
    const parameters = program.parameters.map(
      ({ name }) => [name, tensorOf(constantOf(name, weights[name]!))] as const,
    );
    const inputs = { ...embeddedInputs(scope, program, weights), ...otherInputs(scope, program) };
    const outputs = program.forward(Object.fromEntries(parameters), inputs, inferenceContext);
    for (const [from, to] of Object.entries(options.outputs)) {
      scope.output(to, findOutput(outputs, from));
    }
  });
  const foreign = graph.inputs.find(({ name }) => !EXPORTED_INPUTS.has(name));
  if (foreign) {
    throw new EngineError(
      "E_UNSUPPORTED_OP",
      `Expected a forward pass of ${[...EXPORTED_INPUTS].join(" and ")}, got one that reads ${foreign.name} too. Only tokens and mask can be exported.`,
    );
  }
  checkNamesApart(graph, options);
  return encodeModel(graph, options.metadata);
}

/** Inputs, weights and outputs of a model share one space of names. */
function checkNamesApart(graph: Graph, options: ExportOptions): void {
  const taken = new Set([...graph.inputs, ...graph.constants].map(({ name }) => name));
  for (const [from, to] of Object.entries(options.outputs)) {
    if (taken.has(to)) {
      throw new EngineError(
        "E_NAME",
        `Expected output ${from} under a name of its own, got ${to}, which an input, a weight or another output has. Choose another.`,
      );
    }
    taken.add(to);
  }
}

const EXPORTED_INPUTS: ReadonlySet<string> = new Set(["input_ids", "attention_mask"]);

function constantOf(name: string, { shape, data }: NamedArray): Value {
  return { kind: "constant", label: name, values: data, shape, type: "float32" };
}

/** Tokens, and the rows of the table that they name. */
function embeddedInputs(scope: TraceScope, program: Program, weights: StateDict): Tensors {
  const { embedding } = program;
  if (!embedding) return {};
  const { tracer } = scope;
  const tokens = scope.inputValue("input_ids", ["B", "L"], "int64");
  const table = tracer.name(constantOf(embedding.name, weights[embedding.name]!));
  const shape = [...tokens.shape, embedding.size];
  const rows = tracer.emit("Gather", [table, tracer.name(tokens)], shape);
  return { embedded: tensorOf(rows) };
}

/** The mask as float32, and the inputs of the loss, which `forward` does not read. */
function otherInputs(scope: TraceScope, program: Program): Record<string, tf.Tensor> {
  const entries = Object.entries(program.inputs).map(([name, { shape, dtype }]) => {
    if (name !== "mask") return [name, scope.input(name, shape, dtype)] as const;
    const mask = scope.inputValue("attention_mask", ["B", "L"], "int64");
    return [name, tensorOf(scope.tracer.cast(mask, "float32"))] as const;
  });
  return Object.fromEntries(entries);
}

function findOutput(outputs: Tensors, name: string): tf.Tensor {
  const output = outputs[name];
  if (output) return output;
  throw new EngineError(
    "E_UNSUPPORTED_OP",
    `Expected an output out of ${Object.keys(outputs).join(", ")}, got ${name}.`,
  );
}
