import type * as tf from "@tensorflow/tfjs";
import { names } from "../runtime/names.ts";
import { tensorOf, valueOf } from "../trace/backend.ts";
import type { TraceScope } from "../trace/scope.ts";
import type { NodeValue, Value } from "../trace/value.ts";
import type { EmbeddingSpec } from "../types.ts";
import { deviceNames } from "./gpu-names.ts";

/**
 * Stands for the number of distinct rows while a graph is traced. It is no multiple of what stands for `B` and `L`, so
 * it passes for a fixed size; only operators that do not care for the number may be applied to these rows.
 */
const ROWS = 15_485_863;

/** What free sizes are called in the model. */
const ROWS_DIMENSION = "rows";

/**
 * Elements of the matrix that sums the gradients of equal tokens, at most. WebGPU guarantees bindings of 128 MiB, which
 * are 2^25 float32 numbers.
 */
const LARGEST_PRODUCT = 2 ** 25;

export type RowSum = "product" | "scatter";

/**
 * How a table's gradients are summed: as a product with a matrix of ones and zeros, always in the same order, while
 * that matrix is sure to be small enough, and else by scattered additions, whose order a GPU chooses.
 */
export function rowSumFor({ rows }: EmbeddingSpec, maxTokens: number): RowSum {
  return Math.min(rows, maxTokens) * maxTokens <= LARGEST_PRODUCT ? "product" : "scatter";
}

/** An embedding table inside a graph: only the rows that the batch names are read and written. */
export class TracedTable {
  /** The tokens' vectors, `[B, L, size]`. */
  readonly embedded: tf.Tensor3D;
  private readonly scope: TraceScope;
  private readonly embedding: EmbeddingSpec;
  private readonly rows: Value;
  private readonly places: Value;

  constructor(scope: TraceScope, embedding: EmbeddingSpec) {
    this.scope = scope;
    this.embedding = embedding;
    const { tracer } = scope;
    tracer.graph.inputs.push({ name: deviceNames.rows, shape: [ROWS_DIMENSION], type: "int32" });
    this.rows = tracer.value(deviceNames.rows, [ROWS], "int32");
    this.places = scope.inputValue(deviceNames.places, ["B", "L"], "int32");
    const table = this.declare(names.parameter(embedding.name));
    const rows = this.pick(table);
    const shape = [...this.places.shape, embedding.size];
    const inputs = [tracer.name(rows), tracer.name(this.places)];
    this.embedded = tensorOf(tracer.emit("Gather", inputs, shape));
  }

  /** Declares the input `name`, `[table rows, size]`: the table, or what the optimizer keeps for it. */
  declare(name: string): Value {
    const { rows, size } = this.embedding;
    const known = this.scope.inputs.has(name);
    const shape = [rows, size];
    return known
      ? this.scope.tracer.value(name, shape)
      : this.scope.inputValue(name, shape, "float32");
  }

  /** Declares the summed gradients as an input, `[rows, size]`. */
  declareGradient(name: string): tf.Tensor {
    const { size } = this.embedding;
    const { graph } = this.scope.tracer;
    graph.inputs.push({ name, shape: [ROWS_DIMENSION, size], type: "float32" });
    return tensorOf(this.scope.tracer.value(name, [ROWS, size]));
  }

  /** The batch's rows of a table, `[rows, size]`. */
  pick(table: Value): NodeValue {
    const { tracer } = this.scope;
    const inputs = [tracer.name(table), tracer.name(this.rows)];
    return tracer.emit("Gather", inputs, [ROWS, this.embedding.size]);
  }

  /** Adds up the tokens' gradients, `[B, L, size]`, by row: `[rows, size]`. */
  sum(gradient: tf.Tensor, how: RowSum): tf.Tensor {
    const { tracer } = this.scope;
    const { size } = this.embedding;
    const value = valueOf(gradient);
    const tokens = value.shape[0]! * value.shape[1]!;
    const flat = tracer.name(tracer.reshape(value, [tokens, size]));
    const name = how === "product" ? this.product(flat) : this.scattered(flat);
    return tensorOf(tracer.value(name, [ROWS, size]));
  }

  /** The table with other rows in the places of the batch's. No row comes twice, so none is lost. */
  put(table: Value, rows: tf.Tensor): tf.Tensor {
    const { tracer } = this.scope;
    const indices = tracer.graph.emit("Cast", [this.column(deviceNames.rows)], { to: INT64 });
    const inputs = [tracer.name(table), indices, tracer.name(valueOf(rows))];
    return tensorOf(tracer.emit("ScatterND", inputs, table.shape));
  }

  /** Declares an output that has a row for each of the batch's. */
  outputRows(name: string, rows: tf.Tensor): void {
    this.scope.output(name, rows);
    const { outputs } = this.scope.tracer.graph;
    outputs[outputs.length - 1] = {
      name,
      shape: [ROWS_DIMENSION, this.embedding.size],
      type: "float32",
    };
  }

  /** `(rows = tokensᵀ) · gradient`, `[rows, N] · [N, size]`. */
  private product(flat: string): string {
    const { graph } = this.scope.tracer;
    const tokens = graph.emit("Gather", [deviceNames.rows, deviceNames.places]);
    const row = graph.emit("Reshape", [tokens, graph.integers([1, -1])]);
    const same = graph.emit("Equal", [this.column(deviceNames.rows), row]);
    return graph.emit("MatMul", [graph.emit("Cast", [same], { to: FLOAT32 }), flat]);
  }

  private scattered(flat: string): string {
    const { graph } = this.scope.tracer;
    const rows = this.scope.tracer.name(
      this.pick(this.declare(names.parameter(this.embedding.name))),
    );
    const zeros = graph.emit("Expand", [
      graph.constant([0], [], "float32"),
      graph.emit("Shape", [rows]),
    ]);
    const places = this.column(deviceNames.places);
    const spread = graph.emit("Expand", [places, graph.emit("Shape", [flat])]);
    return graph.emit("ScatterElements", [zeros, spread, flat], { axis: 0, reduction: "add" });
  }

  private column(name: string): string {
    const { graph } = this.scope.tracer;
    return graph.emit("Reshape", [name, graph.integers([-1, 1])]);
  }
}

/** How ONNX numbers types. */
const FLOAT32 = 1;
const INT64 = 7;
