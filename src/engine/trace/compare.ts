import { EngineError } from "../errors.ts";
import type { Graph, GraphNode } from "../graph/graph.ts";
import { userLocation } from "./location.ts";

/** Longer constants are compared by shape only: they come from outside the trace. */
const COMPARED_CONSTANT_SIZE = 4096;

/** Everything about a graph but its large constants, as text. */
export function printGraph(graph: Graph): string {
  const constants = graph.constants.map(({ name, shape, values }) => {
    const elements = values.length > COMPARED_CONSTANT_SIZE ? "…" : Array.from(values).join();
    return `${name}[${shape.join()}]=${elements}`;
  });
  const tensors = [...graph.inputs, ...graph.outputs].map(
    ({ name, shape }) => `${name}[${shape.join()}]`,
  );
  return [...constants, ...graph.nodes.map(printNode), ...tensors].join("\n");
}

function printNode(node: GraphNode): string {
  const attributes = Object.entries(node.attributes).map(([name, value]) => {
    const body = typeof value === "object" && "body" in value;
    return `${name}:${body ? printGraph(value.body) : JSON.stringify(value)}`;
  });
  return `${node.operator}(${node.inputs.join()})->${node.outputs.join()}{${attributes.join()}}`;
}

/** The error for two traces of one program that should be the same and are not, naming where they part. */
export function differenceError(a: Graph, b: Graph): EngineError {
  const changed = new Set(
    a.constants
      .filter(({ values }, index) => !sameElements(values, b.constants[index]?.values))
      .map((constant) => constant.name),
  );
  const node = a.nodes.find((candidate, index) => {
    const other = b.nodes[index];
    if (!other || printNode(candidate) !== printNode(other)) return true;
    return candidate.inputs.some((name) => changed.has(name));
  });
  const place = userLocation(node?.origin?.stack) ?? "a line that is not known";
  return new EngineError(
    "E_SHAPE",
    `Expected sizes and numbers that are fixed, or products of the batch B and the length L, got one that depends on them in another way (as L - 1 or the root of L do), at ${place}. Make it an input, or compute it with tensor operations.`,
  );
}

function sameElements(a: ArrayLike<number>, b: ArrayLike<number> | undefined): boolean {
  return b !== undefined && Array.from(a).join() === Array.from(b).join();
}
