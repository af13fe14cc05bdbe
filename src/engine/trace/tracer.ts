import { EngineError } from "../errors.ts";
import { symbolPlaceholder } from "../graph/finish.ts";
import { Graph } from "../graph/graph.ts";
import type { Attributes } from "../graph/graph.ts";
import { derivedNumber, isFree, monomialOf } from "../graph/symbols.ts";
import type { Monomial, SymbolName, Tags } from "../graph/symbols.ts";
import { insertedOnes, sameShape } from "./value.ts";
import type { NodeValue, Value, ValueType } from "./value.ts";

/** How ONNX numbers its types, as `Cast` wants them. */
const CAST_TARGETS: Readonly<Record<ValueType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** Writes the graph of one trace: turns values into names, and shapes into constants or run-time arithmetic. */
export class Tracer {
  readonly tags: Tags;
  /**
   * Whether the graph is for using the model, not for training it: operations then choose the operators that are
   * made for that, such as LSTM, and keep nothing for a backward pass.
   */
  readonly deployment: boolean;
  /** Where nodes go: the graph, or the body of a Scan that is being written. */
  graph: Graph;

  constructor(tags: Tags, options: { graph?: Graph; deployment?: boolean } = {}) {
    this.tags = tags;
    this.graph = options.graph ?? new Graph();
    this.deployment = options.deployment ?? false;
  }

  // ---- values ------------------------------------------------------------------------------------------------

  /** The output `name` of a node. */
  value(
    name: string,
    shape: readonly number[],
    type: ValueType = "float32",
    physical = shape,
  ): NodeValue {
    return { kind: "node", name, shape, type, physical };
  }

  /** All elements the same; a number that was computed from a free size becomes run-time arithmetic. */
  uniform(uniform: number, shape: readonly number[] = [], type: ValueType = "float32"): Value {
    const derived = derivedNumber(uniform, this.tags);
    if (!derived) return { kind: "uniform", uniform, shape, type };
    const { monomial, reciprocal } = derived;
    const inputs = [
      this.graph.constant([monomial.coefficient], [], type),
      this.scalarOf({ ...monomial, coefficient: 1 }, type),
    ];
    return this.value(this.graph.emit(reciprocal ? "Div" : "Mul", inputs), shape, type, []);
  }

  /** A size as a number to calculate with. */
  sizeAsNumber(size: number, type: ValueType): Value {
    const monomial = monomialOf(size, this.tags);
    if (!monomial) return { kind: "uniform", uniform: size, shape: [], type };
    return this.value(this.scalarOf(monomial, type), [], type);
  }

  private scalarOf(monomial: Monomial, type: ValueType): string {
    const scalar = this.graph.emit("Squeeze", [this.monomial(monomial)]);
    return this.graph.emit("Cast", [scalar], { to: CAST_TARGETS[type] });
  }

  /**
   * A constant of the program.
   *
   * @throws EngineError `E_SHAPE` if its shape has a free size and its elements differ.
   */
  constant(values: ArrayLike<number>, shape: readonly number[], type: ValueType): Value {
    const first = values[0];
    if (first !== undefined && Array.prototype.every.call(values, (value) => value === first)) {
      return this.uniform(first, shape, type);
    }
    if (shape.some((size) => isFree(size, this.tags))) {
      throw new EngineError(
        "E_SHAPE",
        "Expected constants of fixed shapes, got one that is as large as the batch or the length. Pass it as an input.",
      );
    }
    return { kind: "constant", values, shape, type };
  }

  /** A node with one output, all of it there. */
  emit(
    operator: string,
    inputs: readonly string[],
    shape: readonly number[],
    options: { type?: ValueType; attributes?: Attributes } = {},
  ): NodeValue {
    const name = this.graph.emit(operator, inputs, options.attributes);
    return this.value(name, shape, options.type);
  }

  /** The same elements under another shape that they broadcast to, or under another type's name. */
  relabel(value: Value, shape: readonly number[], type: ValueType = value.type): Value {
    if (value.kind === "constant" && !sameShape(shape, value.shape)) {
      return this.value(this.operand(value).name, shape, type, value.shape);
    }
    return { ...value, shape, type };
  }

  // ---- names -------------------------------------------------------------------------------------------------

  /** Name and true shape of a value, for operators that broadcast. */
  operand(value: Value): { name: string; physical: readonly number[] } {
    if (value.kind === "node") return value;
    const type = value.type;
    if (value.kind === "uniform") {
      return { name: this.graph.constant([value.uniform], [], type), physical: [] };
    }
    const name = this.graph.constant(value.values, value.shape, type, value.label);
    return { name, physical: value.shape };
  }

  /** Name of a value as a tensor of its full shape. */
  name(value: Value): string {
    const { name, physical } = this.operand(value);
    if (sameShape(physical, value.shape)) return name;
    return this.graph.emit("Expand", [name, this.shapeVector(value.shape)]);
  }

  cast(value: Value, type: ValueType): Value {
    if (value.type === type) return value;
    if (value.kind === "uniform" && type !== "bool") {
      const uniform = type === "float32" ? value.uniform : Math.trunc(value.uniform);
      return { ...value, uniform, type };
    }
    const { name, physical } = this.operand(value);
    const cast = this.graph.emit("Cast", [name], { to: CAST_TARGETS[type] });
    return this.value(cast, value.shape, type, physical);
  }

  // ---- shapes ------------------------------------------------------------------------------------------------

  /** A size as a one-element int64 tensor. */
  size(size: number): string {
    const monomial = monomialOf(size, this.tags);
    return monomial ? this.monomial(monomial) : this.graph.integers([size]);
  }

  /** Sizes (or starts, or ends) as a one-dimensional int64 tensor, computed at run time where they are free. */
  shapeVector(sizes: readonly number[]): string {
    if (!sizes.some((size) => isFree(size, this.tags))) return this.graph.integers(sizes);
    if (sizes.length === 1) return this.size(sizes[0]!);
    return this.graph.emit(
      "Concat",
      sizes.map((size) => this.size(size)),
      { axis: 0 },
    );
  }

  /** Reshapes with as little run-time arithmetic as possible. */
  reshape(value: Value, shape: readonly number[]): Value {
    if (sameShape(shape, value.shape)) return value;
    if (value.kind === "uniform") return { ...value, shape };
    if (value.kind === "constant") {
      return { kind: "constant", values: value.values, shape, type: value.type };
    }
    const [added, removed] = [insertedOnes(value.shape, shape), insertedOnes(shape, value.shape)];
    if (added ?? removed) {
      const inputs = [this.name(value), this.graph.integers((added ?? removed)!)];
      return this.emit(added ? "Unsqueeze" : "Squeeze", inputs, shape, { type: value.type });
    }
    const { sizes, exact } = this.reshapeTarget(value.shape, shape);
    return this.emit("Reshape", [this.name(value), this.shapeVector(sizes)], shape, {
      type: value.type,
      ...(exact && { attributes: { allowzero: 1 } }),
    });
  }

  /**
   * 0 copies a size, and -1 leaves one to the runtime. An empty batch allows neither a -1 beside its 0, nor a 0 that is
   * meant (`exact`) beside one that copies.
   */
  private reshapeTarget(from: readonly number[], to: readonly number[]) {
    const inBatch = (axis: number) => (monomialOf(to[axis]!, this.tags)?.powers.B ?? 0) > 0;
    const free = [...to.keys()].filter((axis) => isFree(to[axis]!, this.tags));
    const copied = free.filter((axis) => from[axis] === to[axis]);
    const others = free.filter((axis) => !copied.includes(axis));
    const inferred = copied.some(inBatch) ? undefined : (others.find(inBatch) ?? others[0]);
    const exact = others.some((axis) => axis !== inferred && inBatch(axis));
    if (exact) return { sizes: to, exact };
    const sizes = to.map((size, axis) =>
      copied.includes(axis) ? 0 : axis === inferred ? -1 : size,
    );
    return { sizes, exact };
  }

  private monomial({ coefficient, powers }: Monomial): string {
    const factors = (["B", "L"] as const).flatMap((symbol: SymbolName) =>
      Array.from({ length: powers[symbol] }, () => symbolPlaceholder(symbol)),
    );
    if (coefficient !== 1) factors.push(this.graph.integers([coefficient]));
    // Sizes belong to the outermost graph: a body that needs them sees them.
    return factors.reduce((product, factor) => this.graph.root.emit("Mul", [product, factor]));
  }

  // ---- bodies ------------------------------------------------------------------------------------------------

  /** Runs `write` with a new graph inside the present one as the place where nodes go. */
  within<Result>(body: Graph, write: () => Result): Result {
    const outer = this.graph;
    this.graph = body;
    try {
      return write();
    } finally {
      this.graph = outer;
    }
  }
}
