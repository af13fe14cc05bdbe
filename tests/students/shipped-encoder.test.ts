import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, startFrom } from "../../src/engine/index.ts";

import type { CompiledProgram } from "../../src/engine/index.ts";
import { compileOptions } from "../engine/programs.ts";
import {
  batchOf,
  cases,
  ENCODER,
  encoderProgram,
  HIDDEN,
  IDENTITY_HEAD,
} from "./shipped-encoder.ts";

type Vector = ArrayLike<number>;

function cosine(a: Vector, b: Vector): number {
  let [dot, squaresOfA, squaresOfB] = [0, 0, 0];
  for (let place = 0; place < a.length; place += 1) {
    dot += a[place]! * b[place]!;
    squaresOfA += a[place]! ** 2;
    squaresOfB += b[place]! ** 2;
  }
  return dot / Math.sqrt(squaresOfA * squaresOfB);
}

function rows(data: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: data.length / width }, (_, row) =>
    data.subarray(row * width, (row + 1) * width),
  );
}

/** The shipped file as it is, in ONNX Runtime: the mean of its states, one text at a time. */
async function integerVectors(): Promise<Float32Array[]> {
  const session = await InferenceSession.create(ENCODER, { intraOpNumThreads: 1 });
  const vectors: Float32Array[] = [];
  for (const { ids } of cases) {
    const tensor = (value: (id: number) => number) =>
      new Tensor(
        "int64",
        BigInt64Array.from(ids, (id) => BigInt(value(id))),
        [1, ids.length],
      );
    const { last_hidden_state: states } = await session.run({
      input_ids: tensor((id) => id),
      attention_mask: tensor(() => 1),
      token_type_ids: tensor(() => 0),
    });
    const mean = new Float32Array(HIDDEN);
    for (const state of rows(states!.data as Float32Array, HIDDEN)) {
      state.forEach((value, column) => (mean[column]! += value / ids.length));
    }
    vectors.push(mean);
  }
  await session.release();
  return vectors;
}

describe("the transformer with the shipped encoder's weights", () => {
  let compiled: CompiledProgram;
  let vectors: Float32Array[];

  beforeAll(async () => {
    compiled = await compile(startFrom(await encoderProgram(), IDENTITY_HEAD), {
      ...compileOptions,
      maxTokens: 2048,
    });
    const batch = batchOf(
      cases.map(({ ids }) => ids),
      { classes: HIDDEN },
    );
    vectors = rows((await compiled.forward(batch)).logits!.data, HIDDEN);
  });
  afterAll(() => compiled.dispose());

  it("gives PyTorch's vectors, of texts alone, in one padded batch", () => {
    // Float32 sums of up to 1,536 products through six layers; the vectors' elements are about 0.25 in size.
    cases.forEach(({ text, vector }, index) => {
      expect(cosine(vectors[index]!, vector), text).toBeGreaterThan(0.999999);
      const differences = vector.map((value, place) => Math.abs(value - vectors[index]![place]!));
      expect(Math.max(...differences), text).toBeLessThan(1e-5);
    });
  });

  it("gives nearly the vectors of the int8 file, whose activations are rounded too", async () => {
    const integers = await integerVectors();
    const cosines = integers.map((vector, index) => cosine(vectors[index]!, vector));
    const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
    expect(mean).toBeGreaterThan(0.99);
    // Not the same arithmetic: else one of the two was not what it says.
    expect(mean).toBeLessThan(0.99999);
  });
});
