import type * as tf from "@tensorflow/tfjs";
import type { DropoutLayer } from "../dropout/contexts.ts";
import { inferenceContext } from "../dropout/contexts.ts";
import { Graph } from "../graph/graph.ts";
import { declare, fixedSizes, writeLoss } from "../program/graphs.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
import type { TraceScope } from "../trace/scope.ts";
import { trace } from "../trace/trace.ts";
import type { Traced } from "../trace/trace.ts";
import { deviceNames } from "./gpu-names.ts";
import type { DeviceSettings } from "./gpu-settings.ts";
import { TracedTable } from "./gpu-table.ts";
import { joined, writeUpdate } from "./gpu-update.ts";

export interface TracedStep {
  layers: DropoutLayer[];
  /** Names of the terms, which the report has after the loss. */
  terms: string[];
}

interface WrittenLoss extends TracedStep {
  table: TracedTable | null;
  report: tf.Tensor[];
  /** By name, the embedding table's by row and last. */
  gradients: Map<string, tf.Tensor>;
}

function writeGradients(scope: TraceScope, settings: DeviceSettings): WrittenLoss {
  const { program, frozen, rowSum } = settings;
  const { embedding } = program;
  const table = embedding ? new TracedTable(scope, embedding) : null;
  const declared = declare(scope, program, table?.embedded);
  const { layers, loss, terms, gradients } = writeLoss(scope, program, declared, frozen);
  const byName = new Map(gradients);
  const tokens = byName.get(EMBEDDED);
  if (tokens && table && embedding) {
    byName.delete(EMBEDDED);
    byName.set(embedding.name, table.sum(tokens, rowSum));
  }
  return {
    layers,
    terms: [...terms.keys()],
    table,
    report: [loss, ...terms.values()],
    gradients: byName,
  };
}

/** A whole step: loss, terms and squared gradient norms in the report, and what every learned tensor becomes. */
export function traceStep(settings: DeviceSettings): Traced<TracedStep> {
  return trace({ fixedSizes: fixedSizes(settings.program) }, (scope) => {
    const { layers, terms, table, report, gradients } = writeGradients(scope, settings);
    const squares = writeUpdate(scope, settings, gradients, table);
    scope.output(deviceNames.report, joined([...report, squares]));
    return { layers, terms };
  });
}

/** Loss and terms in the report, and gradients. */
export function traceGradients(settings: DeviceSettings): Traced<TracedStep> {
  return trace({ fixedSizes: fixedSizes(settings.program) }, (scope) => {
    const { layers, terms, table, report, gradients } = writeGradients(scope, settings);
    for (const [name, gradient] of gradients) {
      if (name === settings.program.embedding?.name) {
        table!.outputRows(names.gradient(name), gradient);
      } else {
        scope.output(names.gradient(name), gradient);
      }
    }
    scope.output(deviceNames.report, joined(report));
    return { layers, terms };
  });
}

/** The update from given gradients; their squared norms in the report. */
export function traceUpdate(settings: DeviceSettings): Traced<null> {
  const { program, frozen } = settings;
  return trace({ fixedSizes: fixedSizes(program) }, (scope) => {
    const gradients = new Map<string, tf.Tensor>();
    for (const { name, shape } of program.parameters) {
      if (frozen.has(name)) continue;
      scope.input(names.parameter(name), shape);
      gradients.set(name, scope.input(names.gradient(name), shape));
    }
    const { embedding } = program;
    const learns = embedding && !frozen.has(embedding.name);
    const table = learns ? new TracedTable(scope, embedding) : null;
    if (table) {
      const { name } = embedding!;
      gradients.set(name, table.declareGradient(names.gradient(name)));
    }
    scope.output(deviceNames.report, writeUpdate(scope, settings, gradients, table));
    return null;
  });
}

/** `forward` without dropout. */
export function traceDeviceForward({ program }: DeviceSettings): Traced<string[]> {
  return trace({ fixedSizes: fixedSizes(program) }, (scope) => {
    const table = program.embedding ? new TracedTable(scope, program.embedding) : null;
    const { parameters, inputs } = declare(scope, program, table?.embedded);
    const outputs = program.forward(parameters, inputs, inferenceContext);
    for (const [name, tensor] of Object.entries(outputs)) scope.output(names.output(name), tensor);
    return Object.keys(outputs);
  });
}

/** `sum ← weight · sum + weight' · gradient` for each gradient. */
export function combinationGraph(shapes: ReadonlyMap<string, readonly (number | string)[]>): Graph {
  const graph = new Graph();
  const { sumWeight, gradientWeight } = deviceNames;
  for (const name of [sumWeight, gradientWeight]) {
    graph.inputs.push({ name, shape: [], type: "float32" });
  }
  for (const [name, shape] of shapes) {
    const [sum, gradient] = [deviceNames.sum(name), names.gradient(name)];
    const parts = [
      graph.emit("Mul", [sum, sumWeight]),
      graph.emit("Mul", [gradient, gradientWeight]),
    ];
    const output = deviceNames.next(sum);
    graph.nodes.push({ operator: "Add", inputs: parts, outputs: [output], attributes: {} });
    for (const input of [sum, gradient]) graph.inputs.push({ name: input, shape, type: "float32" });
    graph.outputs.push({ name: output, shape, type: "float32" });
  }
  return graph;
}
