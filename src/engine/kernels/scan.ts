import { Graph } from "../graph/graph.ts";
import type { GraphTensor } from "../graph/graph.ts";
import { isFree } from "../graph/symbols.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";

export interface ScanOptions {
  /** What the states start as. */
  states: readonly Value[];
  /** Tensors whose first axis is walked along, from its end where `reverse` is set. All have the same length. */
  inputs: readonly { value: Value; reverse: boolean }[];
  /** One step, given the states and each input's element. Outputs are written from the end where `reverse` is set. */
  body(
    states: Value[],
    elements: Value[],
  ): { states: readonly Value[]; outputs: readonly { value: Value; reverse: boolean }[] };
}

/**
 * A loop along the first axis, as ONNX's `Scan`.
 *
 * @returns each output of the body, stacked along a new first axis.
 */
export function scan(tracer: Tracer, options: ScanOptions): Value[] {
  const { states, inputs } = options;
  const body = new Graph(tracer.graph);
  const stateValues = states.map((state) => declare(tracer, body, state, state.shape));
  const elementValues = inputs.map(({ value }) =>
    declare(tracer, body, value, value.shape.slice(1)),
  );
  const step = tracer.within(body, () => {
    const result = options.body(stateValues, elementValues);
    const all = [...result.states, ...result.outputs.map(({ value }) => value)];
    body.outputs = outputTensors(tracer, body, all);
    return result;
  });
  const names = tracer.graph.node(
    "Scan",
    [...states, ...inputs.map((input) => input.value)].map((value) => tracer.name(value)),
    {
      body: { body },
      num_scan_inputs: inputs.length,
      scan_input_directions: inputs.map((input) => (input.reverse ? 1 : 0)),
      scan_output_directions: step.outputs.map((output) => (output.reverse ? 1 : 0)),
    },
    states.length + step.outputs.length,
  );
  const length = inputs[0]!.value.shape[0]!;
  return step.outputs.map(({ value: { shape, type } }, index) =>
    tracer.value(names[states.length + index]!, [length, ...shape], type),
  );
}

function declare(tracer: Tracer, body: Graph, like: Value, shape: readonly number[]): Value {
  const name = body.root.freshName("element");
  body.inputs.push(tensorInfo(tracer, name, { ...like, shape }));
  return tracer.value(name, shape, like.type);
}

/** A body's outputs must be made by nodes of its own, each only once. */
function outputTensors(tracer: Tracer, body: Graph, values: readonly Value[]): GraphTensor[] {
  const made = new Set(body.nodes.flatMap((node) => node.outputs));
  return values.map((value) => {
    let name = tracer.name(value);
    if (!made.delete(name)) {
      const copy = body.root.freshName("output");
      body.nodes.push({ operator: "Identity", inputs: [name], outputs: [copy], attributes: {} });
      name = copy;
    }
    return tensorInfo(tracer, name, value);
  });
}

function tensorInfo(tracer: Tracer, name: string, { shape, type }: Value): GraphTensor {
  const sizes = shape.map((size) => (isFree(size, tracer.tags) ? null : size));
  return { name, shape: sizes, type };
}
