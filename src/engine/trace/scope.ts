import type * as tf from "@tensorflow/tfjs";
import { monomialOf, tagged } from "../graph/symbols.ts";
import type { SymbolName } from "../graph/symbols.ts";
import type { Dimension } from "../types.ts";
import { tensorOf, valueOf } from "./backend.ts";
import type { Tracer } from "./tracer.ts";
import type { Value, ValueType } from "./value.ts";

/** What free sizes are called in the model. */
const DIMENSION_NAMES: Readonly<Record<SymbolName, string>> = { B: "batch", L: "sequence" };

/** What somebody who writes a trace works with: the inputs and outputs of the graph. */
export class TraceScope {
  readonly tracer: Tracer;
  /** Dimensions of each input; null for a product of free sizes. */
  readonly inputs = new Map<string, readonly (Dimension | null)[]>();

  constructor(tracer: Tracer) {
    this.tracer = tracer;
  }

  /** Declares an input of the graph. */
  inputValue(name: string, shape: readonly Dimension[], type: ValueType): Value {
    const sizes = shape.map((size) => tagged(size, this.tracer.tags));
    return this.inputOfSize(name, sizes, type);
  }

  /** The same, by sizes of which free ones are tagged. */
  inputOfSize(name: string, sizes: readonly number[], type: ValueType): Value {
    const dimensions = sizes.map((size) => this.dimensionOf(size));
    this.tracer.graph.inputs.push({ name, shape: dimensions.map(nameOf), type });
    this.inputs.set(name, dimensions);
    return this.tracer.value(name, sizes, type);
  }

  /** Declares an input, as the program sees it. */
  input(name: string, shape: readonly Dimension[], type: ValueType = "float32"): tf.Tensor {
    return tensorOf(this.inputValue(name, shape, type));
  }

  /** Declares an output of the graph. */
  output(name: string, tensor: tf.Tensor): void {
    const value = valueOf(tensor);
    const { graph } = this.tracer;
    const inputs = [this.tracer.name(value)];
    // A node of its own: what is given out may be an input, or be given out under two names.
    graph.nodes.push({ operator: "Identity", inputs, outputs: [name], attributes: {} });
    const shape = value.shape.map((size) => nameOf(this.dimensionOf(size)));
    graph.outputs.push({ name, shape, type: value.type });
  }

  private dimensionOf(size: number): Dimension | null {
    const { tags } = this.tracer;
    if (size === tags.B) return "B";
    if (size === tags.L) return "L";
    return monomialOf(size, tags) ? null : size;
  }
}

function nameOf(dimension: Dimension | null): string | number | null {
  return dimension === "B" || dimension === "L" ? DIMENSION_NAMES[dimension] : dimension;
}
