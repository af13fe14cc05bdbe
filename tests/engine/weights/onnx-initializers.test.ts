import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { ModelProtoSchema, TensorProto_DataLocation } from "onnx-buf";
import type { TensorProto } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../../src/engine/errors.ts";
import { readOnnxWeights } from "../../../src/engine/weights/onnx-initializers.ts";

// Written by tests/fixtures/generators/engine_onnx.py with onnx and NumPy.
const fixture = (file: string): URL => new URL(`../../fixtures/engine/${file}`, import.meta.url);
const bytes = readFileSync(fixture("weights.onnx"));
const expected = JSON.parse(readFileSync(fixture("weights.json"), "utf8")) as Record<
  string,
  { shape: number[]; data: number[] }
>;
const names = Object.keys(expected);

/** The fixture with one initializer changed. */
function changed(name: string, change: (tensor: TensorProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  change(model.graph!.initializer.find((tensor) => tensor.name === name)!);
  return toBinary(ModelProtoSchema, model);
}

describe("readOnnxWeights", () => {
  const weights = readOnnxWeights(bytes, "model.onnx");

  it("lists weights by their Hugging Face names, without scales and constants", () => {
    expect(weights.names()).toEqual(names);
    expect(weights.has("embeddings.LayerNorm.bias")).toBe(true);
    expect(weights.has("one")).toBe(false);
  });

  it.each(names)("gives the values of %s as NumPy does", (name) => {
    const { shape, data } = weights.tensor(name);
    expect(shape).toEqual(expected[name]!.shape);
    expect([...data]).toEqual(expected[name]!.data);
  });

  it("reads the same from a plain Uint8Array at an odd offset", () => {
    const larger = new Uint8Array(bytes.length + 1);
    larger.set(bytes, 1);
    const again = readOnnxWeights(larger.subarray(1));
    for (const name of names) expect(again.tensor(name)).toEqual(weights.tensor(name));
  });

  it("knows every shape without the data", () => {
    for (const name of names) expect(weights.shape(name)).toEqual(expected[name]!.shape);
    expect(() => weights.shape("qzx")).toThrow("Expected a weight qzx, got none in model.onnx.");
  });

  it("holds no second copy of the file: numbers are read where they lie", () => {
    const copy = new Uint8Array(bytes);
    const later = readOnnxWeights(copy);
    copy.fill(0);
    // Kept as raw bytes, which are gone now; typed numbers were decoded with the graph.
    for (const name of ["embeddings.word_embeddings.weight", "shifted.weight", "half.weight"]) {
      expect([...later.tensor(name).data].every((value) => Object.is(Math.abs(value), 0))).toBe(
        true,
      );
    }
  });

  it("hands out copies", () => {
    weights.tensor("embeddings.LayerNorm.bias").data.fill(0);
    const [first] = weights.tensor("embeddings.LayerNorm.bias").data;
    expect(first).toBe(expected["embeddings.LayerNorm.bias"]!.data[0]);
  });

  it("lists near names for one that is missing, or how many there are", () => {
    expect(() => weights.tensor("bert.embeddings.word_embedding.weight")).toThrow(
      "Expected a weight bert.embeddings.word_embedding.weight, got none in model.onnx. Near names: embeddings.word_embeddings.weight",
    );
    expect(() => weights.tensor("qzx")).toThrow("got none in model.onnx. It has 7 weights.");
  });
});

describe("readOnnxWeights, damaged files", () => {
  const TABLE = "embeddings.word_embeddings.weight";

  it.each([
    [
      "no model",
      new TextEncoder().encode("<html>"),
      "Expected an ONNX model, got what cannot be decoded",
    ],
    ["cut short", bytes.subarray(0, 300), "Expected an ONNX model, got what cannot be decoded"],
    ["empty", new Uint8Array(0), "Expected an ONNX model with a graph, got none"],
    [
      "without a graph",
      toBinary(ModelProtoSchema, create(ModelProtoSchema)),
      "with a graph, got none",
    ],
  ])("refuses a file that is %s", (_what, damaged, message) => {
    const run = (): unknown => readOnnxWeights(damaged, "model.onnx");
    expect(run).toThrow(EngineError);
    expect(run).toThrow(message);
    expect(run).toThrow("in model.onnx. Fetch the file again.");
  });

  it("refuses data of another length, or in another file", () => {
    const cut = changed(`${TABLE}_quantized`, (tensor) => {
      tensor.rawData = tensor.rawData.slice(1);
    });
    expect(() => readOnnxWeights(cut, "m").tensor(TABLE)).toThrow(
      `Expected 15 bytes of data in initializer ${TABLE}_quantized, got 14 bytes in m.`,
    );
    const external = changed(`${TABLE}_scale`, (tensor) => {
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    });
    expect(() => readOnnxWeights(external, "m").tensor(TABLE)).toThrow(
      "got data in another file in m.",
    );
  });

  it("refuses typed numbers that are too few", () => {
    const floats = changed("embeddings.LayerNorm.weight", (tensor) => {
      tensor.floatData = tensor.floatData.slice(1);
    });
    expect(() => readOnnxWeights(floats, "m").tensor("embeddings.LayerNorm.weight")).toThrow(
      "Expected 4 numbers of data in initializer embeddings.LayerNorm.weight, got 3 numbers in m.",
    );
    const integers = changed("pooler.weight_quantized", (tensor) => {
      tensor.int32Data = tensor.int32Data.slice(1);
    });
    expect(() => readOnnxWeights(integers, "m").tensor("pooler.weight")).toThrow(
      "Expected 4 numbers of data in initializer pooler.weight_quantized, got 3 numbers in m.",
    );
  });

  it("names the scale that integers lack", () => {
    const alone = changed(`${TABLE}_scale`, (tensor) => {
      tensor.name = "other";
    });
    expect(() => readOnnxWeights(alone, "m").tensor(TABLE)).toThrow(
      `Expected an initializer ${TABLE}_scale beside ${TABLE}_quantized, got none in m.`,
    );
  });

  it("refuses scales and types that it does not know", () => {
    const perBlock = changed(`${TABLE}_scale`, (tensor) => {
      tensor.dims = [1n, 5n];
    });
    expect(() => readOnnxWeights(perBlock, "m").tensor(TABLE)).toThrow(
      `Expected scales [5, 1] or [3] for initializer ${TABLE}_quantized, got [1, 5] with 0 zero points in m.`,
    );
    const four = changed(`${TABLE}_quantized`, (tensor) => {
      tensor.dataType = 22;
    });
    expect(() => readOnnxWeights(four, "m").tensor(TABLE)).toThrow(
      `Expected int8 or uint8 in initializer ${TABLE}_quantized, got INT4 in m.`,
    );
    const cube = changed(`${TABLE}_quantized`, (tensor) => {
      tensor.dims = [5n, 3n, 1n];
    });
    expect(() => readOnnxWeights(cube, "m").tensor(TABLE)).toThrow(
      "Expected a matrix in initializer",
    );
  });
});

const teacher = new URL(
  "../../../teachers/minilm-l6-v2/onnx/model_quantized.onnx",
  import.meta.url,
);

describe("the shipped teacher", () => {
  it("has embeddings and linear layers of BERT's shapes", () => {
    const weights = readOnnxWeights(readFileSync(teacher), "model_quantized.onnx");
    const table = weights.tensor("embeddings.word_embeddings.weight");
    expect(table.shape).toEqual([30522, 384]);
    // As NumPy has row 0: quantized · scale.
    [-0.0199734, -0.00399468, -0.01597872].forEach((value, index) => {
      expect(table.data[index]).toBeCloseTo(value, 7);
    });
    const dense = weights.tensor("encoder.layer.0.intermediate.dense.weight");
    expect(dense.shape).toEqual([1536, 384]);
    [-0.03067165, -0.07886996, 0.08763329].forEach((value, index) => {
      expect(dense.data[index]).toBeCloseTo(value, 7);
    });
    // 6 layers of 6 matrices, 49 biases, 13 norms, 3 tables.
    expect(weights.names().length).toBe(36 + 49 + 13 + 3);
  });
});
