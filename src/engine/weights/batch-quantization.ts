import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import type { GraphProto, NodeProto, TensorProto } from "onnx-buf";

/** They scale the whole tensor that they are given. */
const WHOLE_TENSOR = new Set([
  "DynamicQuantizeLinear",
  "DynamicQuantizeMatMul",
  "DynamicQuantizeLSTM",
]);
/** They take integers, or scales that integers are made with: where these come from decides. */
const INTEGER =
  /^(QuantizeLinear|MatMulInteger|MatMulIntegerToFloat|ConvInteger|QLinear\w+|QGemm|QAttention)$/;
/** What scales and integers are computed with, value by value. */
const BY_VALUE = new Set(
  "Abs Add Cast Ceil Clip Concat Div Equal Expand Floor Greater Identity Less Max Min Mul Neg Not Pow QuantizeLinear Reciprocal Reshape Round Sign Sqrt Squeeze Sub Unsqueeze Where".split(
    " ",
  ),
);
const REDUCTION = /^Reduce/;

/** Nodes of a graph, of the graphs within its nodes and of the model's own functions. */
function* allNodes(nodes: readonly NodeProto[]): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    for (const { g, graphs } of node.attribute)
      for (const inner of [...(g ? [g] : []), ...graphs]) yield* allNodes(inner.node);
  }
}

/** Graphs that name things by themselves: the main one, those within nodes, bodies of functions. */
interface Scope {
  producers: Map<string, NodeProto>;
  constants: Map<string, TensorProto>;
}

function scopeOf(nodes: readonly NodeProto[], graph: GraphProto | undefined): Scope {
  const producers = new Map<string, NodeProto>();
  const constants = new Map(graph?.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of nodes) {
    for (const name of node.output) producers.set(name, node);
    const value = node.attribute.find(({ name }) => name === "value")?.t;
    if (node.opType === "Constant" && value) constants.set(node.output[0]!, value);
  }
  return { producers, constants };
}

function readAxes(node: NodeProto, { constants }: Scope): number[] | null {
  const attribute = node.attribute.find(({ name }) => name === "axes");
  if (attribute) return attribute.ints.map(Number);
  const tensor = constants.get(node.input[1] ?? "");
  if (!tensor) return null;
  if (tensor.int64Data.length > 0) return tensor.int64Data.map(Number);
  const { buffer, byteOffset, byteLength } = tensor.rawData;
  const view = new DataView(buffer, byteOffset, byteLength);
  return Array.from({ length: byteLength / 8 }, (_, at) => Number(view.getBigInt64(8 * at, true)));
}

/** Whether a reduction stays within a row of the last axis; where that cannot be told it does not. */
function staysInRow(node: NodeProto, scope: Scope): boolean {
  const axes = readAxes(node, scope);
  return axes?.length === 1 && (axes[0] === -1 || axes[0]! >= 2);
}

/** Whether a value is computed from a maximum, a minimum or a sum over more than a row. */
function comesFromMany(name: string, scope: Scope, seen: Set<string>): boolean {
  const node = scope.producers.get(name);
  if (!node || seen.has(name) || scope.constants.has(name)) return false;
  seen.add(name);
  if (REDUCTION.test(node.opType)) return !staysInRow(node, scope);
  if (!BY_VALUE.has(node.opType)) return false;
  return node.input.some((input) => comesFromMany(input, scope, seen));
}

/**
 * Whether an ONNX model quantizes activations with one scale for a whole tensor, found as it runs: a text's output then
 * depends on the texts beside it. Told by its nodes: the operators that do so by themselves, and integer products or
 * QuantizeLinear whose input or scale comes from a reduction over more than a row. Scales that are constants, or one per
 * row, do no harm.
 *
 * @throws Error if the bytes are no ONNX model.
 */
export function quantizesBatches(bytes: Uint8Array): boolean {
  const { graph, functions } = fromBinary(ModelProtoSchema, bytes);
  const bodies = [graph?.node ?? [], ...functions.map(({ node }) => node)];
  return bodies.some((body) => {
    const nodes = [...allNodes(body)];
    if (nodes.some(({ opType }) => WHOLE_TENSOR.has(opType))) return true;
    const scope = scopeOf(nodes, graph);
    return nodes.some(
      ({ opType, input }) =>
        INTEGER.test(opType) && input.some((name) => comesFromMany(name, scope, new Set())),
    );
  });
}
