import type { GraphProto, NodeProto, TensorProto } from "onnx-buf";
import { FLOATS, isEightBit } from "./onnx-data.ts";

/** What turns integers into numbers; a scale that is not there is an error only where its weight is asked for. */
interface Scales {
  scaleName: string;
  scale: TensorProto | undefined;
  zeroPoint?: TensorProto;
}

/** Where a weight's numbers lie in an ONNX file: as they are, or 8-bit integers with scales. */
export interface Source {
  values: TensorProto;
  quantized?: Scales;
  /** Whether the matrix is kept as `[in, out]`. */
  transposed: boolean;
}

const TRANSPOSED = "_T";
const QUANTIZED = "_quantized";
/** How the exporters of PyTorch call a matrix that they made out of several nodes. */
const ANONYMOUS = /^(onnx::|val_)/;

/** The weights of a graph by their Hugging Face names; scales, zero points and the graph's constants are not among them. */
export function findSources(graph: GraphProto): Map<string, Source> {
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const biases = findBiases(graph.node);
  const sources = new Map<string, Source>();
  for (const [name, values] of initializers) {
    const integers = name.endsWith(QUANTIZED);
    const base = integers ? name.slice(0, -QUANTIZED.length) : name;
    const bias = ANONYMOUS.test(base) && values.dims.length === 2 ? biases.get(name) : undefined;
    const folded = bias?.replace(/bias$/, "weight");
    if (integers && (isEightBit(values) || initializers.has(`${base}_scale`))) {
      const transposed = folded !== undefined || base.endsWith(TRANSPOSED);
      const weight = folded ?? (transposed ? base.slice(0, -TRANSPOSED.length) : base);
      const quantized = findScales(base, initializers);
      sources.set(weight, { values, quantized, transposed });
    } else if (isWeight(values) && !isScale(name, initializers)) {
      sources.set(folded ?? name, { values, transposed: folded !== undefined });
    }
  }
  return sources;
}

function findScales(base: string, initializers: ReadonlyMap<string, TensorProto>): Scales {
  const scaleName = `${base}_scale`;
  const zeroPoint = initializers.get(`${base}_zero_point`);
  return { scaleName, scale: initializers.get(scaleName), ...(zeroPoint && { zeroPoint }) };
}

function isWeight({ dataType, dims }: TensorProto): boolean {
  return FLOATS.has(dataType) && dims.length > 0;
}

function isScale(name: string, initializers: ReadonlyMap<string, TensorProto>): boolean {
  return name.endsWith("_scale") && initializers.has(name.replace(/_scale$/, QUANTIZED));
}

/**
 * The bias that is added to each matrix's product, by the matrix's name. An exporter that folds the transposition of a
 * linear layer leaves `MatMul(x, onnx::MatMul_12)` behind, a matrix `[in, out]` without its name; the bias keeps its own.
 */
function findBiases(nodes: readonly NodeProto[]): Map<string, string> {
  const consumers = new Map<string, NodeProto>();
  for (const node of nodes) for (const input of node.input) consumers.set(input, node);
  const biases = new Map<string, string>();
  for (const { opType, input, output } of nodes) {
    const matrix = input[1];
    if (matrix === undefined || (opType !== "MatMul" && opType !== "MatMulInteger")) continue;
    let product = output[0]!;
    let next = consumers.get(product);
    // Integer products are scaled before the bias comes.
    while (next && (next.opType === "Cast" || next.opType === "Mul")) {
      product = next.output[0]!;
      next = consumers.get(product);
    }
    if (next?.opType !== "Add") continue;
    const bias = next.input.find((name) => name !== product && name.endsWith(".bias"));
    if (bias !== undefined) biases.set(matrix, bias);
  }
  return biases;
}
