/** Element types that occur in a graph; int64 only for shapes, indices and tokens. */
export type ElementType = "float32" | "int32" | "int64" | "bool";

export interface Constant {
  name: string;
  shape: readonly number[];
  type: ElementType;
  values: ArrayLike<number>;
}

/** An integer, a list of integers, a string, a float, a body or a tensor. */
export type Attribute =
  number | readonly number[] | string | { float: number } | { body: Graph } | { tensor: Constant };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface GraphNode {
  operator: string;
  inputs: string[];
  outputs: string[];
  attributes: Attributes;
  /** Set where the graph records them: the stack of the line that asked for this node. */
  origin?: Error;
}

/** A name for a free size (`batch`), a number, or null where nothing is said about it. */
export type GraphDimension = string | number | null;

export interface GraphTensor {
  name: string;
  shape: readonly GraphDimension[];
  type: ElementType;
}

/** Constants with more elements than this are not compared with each other. */
const SHARED_CONSTANT_SIZE = 256;

/**
 * An ONNX graph under construction. A node that was asked for before is not added again: its outputs are returned
 * (common subexpression elimination), so kernels need not care what their neighbours emit.
 */
export class Graph {
  readonly parent: Graph | null;
  readonly root: Graph;
  nodes: GraphNode[] = [];
  constants: Constant[] = [];
  inputs: GraphTensor[] = [];
  outputs: GraphTensor[] = [];
  recordOrigins = false;
  private readonly known = new Map<string, string[]>();
  private readonly knownConstants = new Map<string, string>();
  /** Large constants are known by their array, not by its elements. */
  private readonly knownArrays = new Map<ArrayLike<number>, Map<string, string>>();
  private names = 0;

  constructor(parent: Graph | null = null) {
    this.parent = parent;
    this.root = parent ? parent.root : this;
  }

  freshName(prefix: string): string {
    this.root.names += 1;
    return `${prefix}_${this.root.names}`;
  }

  /**
   * Adds a constant to the outermost graph (bodies see it too) and returns its name. One that is there is found again:
   * a small one by its elements, a large one by its array.
   */
  constant(
    values: ArrayLike<number>,
    shape: readonly number[],
    type: ElementType,
    label?: string,
  ): string {
    if (this.parent) return this.root.constant(values, shape, type, label);
    const small = values.length <= SHARED_CONSTANT_SIZE && label === undefined;
    const known = small ? this.knownConstants : this.byShape(values);
    const key = `${type}|${shape.join()}|${small ? Array.from(values, printExactly).join() : ""}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const free = label !== undefined && this.constants.every((other) => other.name !== label);
    const name = free ? label : this.freshName("constant");
    this.constants.push({ name, shape, type, values });
    known.set(key, name);
    return name;
  }

  private byShape(values: ArrayLike<number>): Map<string, string> {
    const known = this.knownArrays.get(values) ?? new Map<string, string>();
    this.knownArrays.set(values, known);
    return known;
  }

  /** A one-dimensional int64 constant, as axes and shapes are given. */
  integers(values: readonly number[]): string {
    return this.constant(values, [values.length], "int64");
  }

  /** Adds a node, or finds the same one, and returns the names of its outputs. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    outputCount = 1,
  ): string[] {
    const key = keyOf(operator, inputs, attributes, outputCount);
    const known = key === null ? undefined : this.find(key);
    if (known) return known;
    const outputs = Array.from({ length: outputCount }, () => this.freshName(operator));
    const node: GraphNode = { operator, inputs: [...inputs], outputs, attributes };
    if (this.root.recordOrigins) node.origin = new Error("origin");
    this.nodes.push(node);
    if (key !== null) this.known.set(key, outputs);
    return outputs;
  }

  /** A node with one output. */
  emit(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.node(operator, inputs, attributes)[0]!;
  }

  private find(key: string): string[] | undefined {
    return this.known.get(key) ?? this.parent?.find(key);
  }
}

function keyOf(
  operator: string,
  inputs: readonly string[],
  attributes: Attributes,
  outputCount: number,
): string | null {
  const values = Object.values(attributes);
  if (values.some((value) => typeof value === "object" && "body" in value)) return null;
  return `${operator}|${inputs.join()}|${JSON.stringify(attributes)}|${outputCount}`;
}

/** `String(-0)` is "0", but 1 / -0 is not 1 / 0. */
function printExactly(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
