import * as tf from "@tensorflow/tfjs";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { Batch, Program } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, makeBatch, studentProgram } from "./programs.ts";
import { largestDifference } from "./sample-values.ts";

const OUTPUTS = { outputs: { logits: "logits" } };

function int64(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  return new Tensor("int64", BigInt64Array.from(Array.from(values, BigInt)), shape);
}

async function runBare(session: InferenceSession, batch: Batch): Promise<Float32Array> {
  const shape = [batch.batch, batch.length];
  const results = await session.run({
    input_ids: int64(batch.tokens!, shape),
    attention_mask: int64(batch.inputs["mask"]!, shape),
  });
  return results["logits"]!.data as Float32Array;
}

const STUDENTS = {
  bilstm: studentProgram(bilstm, { hidden: 3 }),
  transformer: studentProgram(transformer, { heads: 2 }),
  "transformer, projected": studentProgram(transformer, { layers: 1, heads: 2, hidden: 6 }),
};

describe("an exported model", () => {
  for (const [name, program] of Object.entries(STUDENTS)) {
    it(`${name}: bare onnxruntime equals the forward pass, at any size, with any padding`, async () => {
      const compiled = await compile(program, compileOptions);
      // Trained a little, so that nothing is zero that happens to start so.
      for (const lengths of [[3, 1], [4]]) {
        await compiled.step(makeBatch(lengths), { learningRate: 0.05 });
      }
      const bytes = await compiled.exportOnnx(OUTPUTS);
      const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
      expect(session.inputNames.toSorted()).toEqual(["attention_mask", "input_ids"]);
      expect(session.outputNames).toEqual(["logits"]);
      for (const lengths of [[5, 3, 1], [1], [2, 2], [6]]) {
        const batch = makeBatch(lengths);
        const { logits } = await compiled.forward(batch);
        const bare = await runBare(session, batch);
        expect(largestDifference(bare, logits!.data)).toBeLessThan(1e-5);
        const padded = await runBare(session, makeBatch(lengths, { length: batch.length + 4 }));
        expect(largestDifference(padded, bare)).toBeLessThan(1e-6);
      }
      await session.release();
      await compiled.dispose();
    });

    it(`${name}: standard operators of an old set, free sizes by name, each weight once`, async () => {
      const compiled = await compile(program, compileOptions);
      const bytes = await compiled.exportOnnx({ ...OUTPUTS, metadata: { origin: "a test" } });
      const model = fromBinary(ModelProtoSchema, bytes);
      expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
        ["", 17n],
      ]);
      expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([
        ["origin", "a test"],
      ]);
      const { graph } = model;
      const dimensions = [...graph!.input, ...graph!.output].map((tensor) =>
        tensor.type!.value.case === "tensorType"
          ? tensor.type!.value.value.shape!.dim.map((dimension) => dimension.value.value)
          : [],
      );
      expect(dimensions).toEqual([
        ["batch", "sequence"],
        ["batch", "sequence"],
        ["batch", 3n],
      ]);
      const stored = graph!.initializer
        .filter((tensor) => tensor.dataType === 1)
        .reduce((sum, tensor) => sum + tensor.rawData.length / 4, 0);
      const weights = Object.values((await compiled.saveState()).weights).reduce(
        (sum, { data }) => sum + data.length,
        0,
      );
      // A few scalars besides; less where an operator needs less, as one kind of text of BERT's two.
      expect(stored).toBeLessThan(weights + 12);
      await compiled.dispose();
    });
  }

  it("bilstm: is the LSTM operator, not a loop", async () => {
    const compiled = await compile(STUDENTS.bilstm, compileOptions);
    const model = fromBinary(ModelProtoSchema, await compiled.exportOnnx(OUTPUTS));
    const operators = model.graph!.node.map((node) => node.opType);
    expect(operators.filter((operator) => operator === "LSTM")).toHaveLength(1);
    expect(operators).not.toContain("Scan");
    await compiled.dispose();
  });

  it("is refused where the forward pass needs more than tokens and mask, or has no such output", async () => {
    const program: Program = {
      parameters: [{ name: "w", shape: [2, 1], initializer: { kind: "ones" } }],
      inputs: { features: { shape: ["B", 2], dtype: "float32" } },
      forward: ({ w }, { features }) => ({ logits: tf.matMul(features!, w!) }),
      loss: ({ logits }) => ({ loss: tf.mean(logits!) }),
    };
    const compiled = await compile(program, compileOptions);
    await expect(compiled.exportOnnx(OUTPUTS)).rejects.toThrow(/features/);
    await compiled.dispose();
    const other = await compile(STUDENTS.bilstm, compileOptions);
    await expect(other.exportOnnx({ outputs: { scores: "scores" } })).rejects.toThrow(
      /logits, got scores/,
    );
    await other.dispose();
  });

  it("is refused where an output would be called as an input, a weight or another output is", async () => {
    const compiled = await compile(STUDENTS.bilstm, compileOptions);
    const refuse = async (name: string) => {
      await expect(compiled.exportOnnx({ outputs: { logits: name } })).rejects.toThrow(
        expect.objectContaining({
          code: "E_NAME",
          message: expect.stringContaining(name) as string,
        }),
      );
    };
    await refuse("input_ids");
    await refuse("attention_mask");
    await refuse("embeddings.word_embeddings.weight");
    await compiled.dispose();
    const two = await compile(
      {
        ...STUDENTS.bilstm,
        forward: (...all) => {
          const { logits } = STUDENTS.bilstm.forward(...all);
          return { logits: logits!, shares: tf.softmax(logits!) };
        },
      },
      compileOptions,
    );
    const outputs = { logits: "scores", shares: "scores" };
    await expect(two.exportOnnx({ outputs })).rejects.toThrow(/shares .*scores/);
    await two.dispose();
  });
});
