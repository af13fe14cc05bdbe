import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from "onnx-buf";
import type { Attribute, Constant, ElementType, Graph, GraphNode, GraphTensor } from "./graph.ts";

/** Operator set of every graph: the first with LayerNormalization is 17; newer than 17 is refused by older runtimes. */
const OPSET = 17;
const IR_VERSION = 8n;

const DATA_TYPES: Readonly<Record<ElementType, DataType>> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};

/** A graph as the bytes of an ONNX model. */
export function encodeModel(
  graph: Graph,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "limbeck",
    opsetImport: [{ domain: "", version: BigInt(OPSET) }],
    graph: encodeGraph(graph, "main"),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, model);
}

function encodeGraph(graph: Graph, name: string): GraphProto {
  return create(GraphProtoSchema, {
    name,
    node: graph.nodes.map(encodeNode),
    initializer: graph.constants.map(encodeTensor),
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
  });
}

function encodeNode(node: GraphNode): NodeProto {
  return create(NodeProtoSchema, {
    opType: node.operator,
    name: node.outputs[0] ?? "",
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  });
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  const fields = attributeFields(value);
  return create(AttributeProtoSchema, { name, ...fields });
}

function attributeFields(value: Attribute) {
  if (typeof value === "number") return { type: AttributeType.INT, i: BigInt(value) };
  if (typeof value === "string") {
    return { type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  if ("float" in value) return { type: AttributeType.FLOAT, f: value.float };
  if ("body" in value) return { type: AttributeType.GRAPH, g: encodeGraph(value.body, "body") };
  if ("tensor" in value) return { type: AttributeType.TENSOR, t: encodeTensor(value.tensor) };
  return { type: AttributeType.INTS, ints: value.map(BigInt) };
}

function encodeTensor(constant: Constant): TensorProto {
  return create(TensorProtoSchema, {
    name: constant.name,
    dims: constant.shape.map(BigInt),
    dataType: DATA_TYPES[constant.type],
    rawData: rawBytes(constant),
  });
}

// ONNX stores little-endian numbers, which is what every processor that Node runs on has in memory.
function rawBytes({ values, type }: Constant): Uint8Array<ArrayBuffer> {
  const array =
    type === "float32"
      ? Float32Array.from(values)
      : type === "int32"
        ? Int32Array.from(values)
        : type === "int64"
          ? BigInt64Array.from(Array.from(values, (value) => BigInt(value)))
          : Uint8Array.from(values);
  return new Uint8Array(array.buffer);
}

function encodeValueInfo(tensor: GraphTensor): ValueInfoProto {
  const dim = tensor.shape.map((size) => {
    if (typeof size === "number")
      return { value: { case: "dimValue" as const, value: BigInt(size) } };
    return size === null ? {} : { value: { case: "dimParam" as const, value: size } };
  });
  return create(ValueInfoProtoSchema, {
    name: tensor.name,
    type: {
      value: { case: "tensorType", value: { elemType: DATA_TYPES[tensor.type], shape: { dim } } },
    },
  });
}
