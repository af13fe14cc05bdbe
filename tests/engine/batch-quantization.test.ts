import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { quantizesBatches } from "../../src/engine/weights/batch-quantization.ts";

// tests/fixtures/generators/teacher_quantized.py, which runs each model on rows alone and together: the names say what
// it has seen.
const folder = new URL("../fixtures/teacher/quantized/", import.meta.url);
const files = readdirSync(folder).sort();

describe("quantizesBatches", () => {
  it.each(files)("knows from its nodes what %s does", (file) => {
    expect(quantizesBatches(readFileSync(new URL(file, folder)))).toBe(file.startsWith("depends-"));
  });

  it("has models of both sorts to tell apart", () => {
    expect(files.filter((file) => file.startsWith("depends-"))).toHaveLength(5);
    expect(files.filter((file) => file.startsWith("free-"))).toHaveLength(3);
  });

  it("knows the shipped encoder, whose int8 is by row", () => {
    const path = new URL("../../teachers/minilm-l6-v2/onnx/model_quantized.onnx", import.meta.url);
    expect(quantizesBatches(readFileSync(path))).toBe(false);
  });

  it("is not misled by an operator's name elsewhere in the file", () => {
    // A trailing field of the model that ONNX ignores (doc_string: tag 6 << 3 | 2, its length).
    const name = Buffer.from("DynamicQuantizeLinear");
    const plain = readFileSync(new URL("free-plain.onnx", folder));
    expect(quantizesBatches(Buffer.concat([plain, Buffer.of(0x32, name.length), name]))).toBe(
      false,
    );
  });
});
