import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { encodeModel } from "../../src/engine/graph/encode.ts";
import { finishGraph } from "../../src/engine/graph/finish.ts";
import { Graph } from "../../src/engine/graph/graph.ts";

describe("a graph under construction", () => {
  it("adds what is the same once", () => {
    const graph = new Graph();
    const [sum] = graph.node("Add", ["a", "b"]);
    expect(graph.node("Add", ["a", "b"])).toEqual([sum]);
    expect(graph.node("Add", ["b", "a"])).not.toEqual([sum]);
    expect(graph.node("Sum", ["a"], { axis: 0 })).not.toEqual(
      graph.node("Sum", ["a"], { axis: 1 }),
    );
    expect(graph.nodes).toHaveLength(4);
  });

  it("shares constants by value, type and shape; minus zero is not zero", () => {
    const graph = new Graph();
    const zero = graph.constant([0], [], "float32");
    expect(graph.constant([0], [], "float32")).toBe(zero);
    const others = [
      graph.constant([-0], [], "float32"),
      graph.constant([0], [1], "float32"),
      graph.constant([0], [], "int32"),
    ];
    expect(new Set([zero, ...others]).size).toBe(4);
    const large = new Float32Array(1000);
    expect(graph.constant(large, [1000], "float32", "weight")).toBe("weight");
    expect(graph.constant(large, [1000], "float32", "weight")).toBe("weight");
    expect(graph.constant(large.slice(), [1000], "float32")).not.toBe("weight");
  });

  it("lets a body use what is around it, and not the other way round", () => {
    const graph = new Graph();
    const outside = graph.emit("Exp", ["x"]);
    const body = new Graph(graph);
    expect(body.emit("Exp", ["x"])).toBe(outside);
    const inside = body.emit("Log", ["x"]);
    expect(graph.emit("Log", ["x"])).not.toBe(inside);
    expect(body.constant([3], [], "float32")).toBe(graph.constant([3], [], "float32"));
    expect(body.constants).toHaveLength(0);
  });

  it("drops what no output needs", () => {
    const graph = new Graph();
    const shape = ["batch", 2];
    graph.inputs.push(...["a", "b"].map((name) => ({ name, shape, type: "float32" as const })));
    const used = graph.emit("Add", ["a", graph.constant([1], [], "float32")]);
    graph.emit("Mul", ["b", graph.constant([2], [], "float32")]);
    graph.outputs.push({ name: used, shape, type: "float32" });
    finishGraph(graph, new Map());
    expect(graph.nodes.map((node) => node.operator)).toEqual(["Add"]);
    expect(graph.inputs.map((input) => input.name)).toEqual(["a"]);
    expect(graph.constants.map((constant) => [...Array.from(constant.values)])).toEqual([[1]]);
  });

  it("is encoded with its numbers as they are", () => {
    const graph = new Graph();
    const big = 2 ** 53 - 1;
    graph.outputs.push({
      name: graph.emit("Slice", ["x", graph.integers([big, -1])], {
        axis: -1,
        epsilon: { float: 1e-12 },
      }),
      shape: ["batch", null, 3],
      type: "float32",
    });
    const model = fromBinary(ModelProtoSchema, encodeModel(graph, { key: "value" })).graph!;
    const { rawData } = model.initializer[0]!;
    expect([...new BigInt64Array(rawData.slice().buffer)]).toEqual([BigInt(big), -1n]);
    const [axis, epsilon] = model.node[0]!.attribute;
    expect(axis!.i).toBe(-1n);
    expect(epsilon!.f).toBe(Math.fround(1e-12));
    const type = model.output[0]!.type!.value;
    const dimensions = type.case === "tensorType" ? type.value.shape!.dim : [];
    expect(dimensions.map((dimension) => dimension.value.value)).toEqual(["batch", undefined, 3n]);
  });
});
