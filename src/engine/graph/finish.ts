import type { Graph, GraphNode } from "./graph.ts";
import type { SymbolName } from "./symbols.ts";

/** Stands in a graph under construction for the one-element int64 tensor that holds the run-time size. */
export function symbolPlaceholder(symbol: SymbolName): string {
  return `free_size_${symbol}`;
}

/** By input: its dimensions, `B` and `L` by name. */
export type InputSymbols = ReadonlyMap<string, readonly (number | SymbolName | null)[]>;

/**
 * Makes a traced graph complete: drops nodes, constants and inputs that no output needs, and reads the free sizes
 * that are needed off the shape of an input that has them.
 *
 * @throws Error if a free size is needed that no input has.
 */
export function finishGraph(graph: Graph, inputSymbols: InputSymbols): void {
  const live = dropDeadNodes(graph);
  for (const symbol of ["B", "L"] as const) {
    if (live.has(symbolPlaceholder(symbol))) readSymbol(graph, symbol, inputSymbols, live);
  }
  graph.constants = graph.constants.filter((constant) => live.has(constant.name));
  graph.inputs = graph.inputs.filter((input) => live.has(input.name));
}

function dropDeadNodes(graph: Graph): Set<string> {
  const live = new Set(graph.outputs.map((output) => output.name));
  const kept: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    kept.push(node);
    markInputs(node, live);
  }
  graph.nodes = kept.reverse();
  return live;
}

function markInputs(node: GraphNode, live: Set<string>): void {
  for (const input of node.inputs) live.add(input);
  for (const value of Object.values(node.attributes)) {
    if (typeof value !== "object" || !("body" in value)) continue;
    for (const name of dropDeadNodes(value.body)) live.add(name);
  }
}

function readSymbol(
  graph: Graph,
  symbol: SymbolName,
  inputSymbols: InputSymbols,
  live: Set<string>,
): void {
  const having = [...inputSymbols].filter(([, shape]) => shape.includes(symbol));
  // An input that is needed anyway comes first, so that none is asked for its shape alone.
  const found = having.find(([name]) => live.has(name)) ?? having[0];
  if (!found) throw new Error(`no input has the free size ${symbol}`);
  const [name, shape] = found;
  live.add(name);
  const axis = shape.indexOf(symbol);
  graph.nodes.unshift({
    operator: "Shape",
    inputs: [name],
    outputs: [symbolPlaceholder(symbol)],
    attributes: { start: axis, end: axis + 1 },
  });
}
