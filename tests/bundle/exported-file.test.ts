import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Draft } from "../../src/bundle/draft.ts";
import { openBundle } from "../../src/bundle/open.ts";
import { openTrainedStudent, type TrainedStudent } from "../../src/training/open-student.ts";
import { CLASSES, draftTiny, MAX_LENGTH, TEXTS, tinyRecipe } from "./tiny-student.ts";

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}

describe.each(["bilstm", "transformer"])("the exported file of a %s", (kind) => {
  let folder: string;
  let draft: Draft;
  let session: InferenceSession;
  let trained: TrainedStudent;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "limbeck-bundle-"));
    draft = await draftTiny(folder, kind);
    session = await InferenceSession.create(join(draft.folder, "onnx/model.onnx"));
    trained = await openTrainedStudent(draft.run, join(folder, "train"), tinyRecipe(kind));
  });
  afterAll(async () => {
    await session.release();
    await trained.close();
    await rm(folder, { recursive: true });
  });

  /** Bare ONNX Runtime on ids as they are, each row padded to `length`. */
  async function runFile(
    rows: readonly (readonly number[])[],
    length: number,
  ): Promise<Float32Array> {
    const ids = new BigInt64Array(rows.length * length);
    const mask = new BigInt64Array(rows.length * length);
    rows.forEach((row, index) => {
      ids.set(row.map(BigInt), index * length);
      mask.fill(1n, index * length, index * length + row.length);
    });
    const { logits } = await session.run({
      input_ids: new Tensor("int64", ids, [rows.length, length]),
      attention_mask: new Tensor("int64", mask, [rows.length, length]),
    });
    expect(logits!.dims).toEqual([rows.length, CLASSES.length]);
    return logits!.data as Float32Array;
  }

  /** The trainer's forward pass on the same batch. */
  async function runTrainer(
    rows: readonly (readonly number[])[],
    length: number,
  ): Promise<Float32Array> {
    const tokens = new Int32Array(rows.length * length);
    const mask = new Float32Array(rows.length * length);
    rows.forEach((row, index) => {
      tokens.set(row, index * length);
      mask.fill(1, index * length, index * length + row.length);
    });
    const batch = { batch: rows.length, length, tokens, inputs: { mask } };
    return (await trained.program.forward(batch))["logits"]!.data;
  }

  it.each([
    { batch: 1, length: 2 },
    { batch: 1, length: MAX_LENGTH },
    { batch: 3, length: 7 },
    { batch: 8, length: MAX_LENGTH },
    { batch: 33, length: 12 },
  ])(
    "equals the trainer's forward pass: $batch texts of $length pieces",
    async ({ batch, length }) => {
      const pieces = trained.tokenizer.pieces;
      const rows = Array.from({ length: batch }, (_, row) =>
        // Lengths from 1 to full, so that most rows are padded.
        Array.from(
          { length: 1 + ((row * 5 + length - 1) % length) },
          (_, place) => (row * 31 + place * 17) % pieces,
        ),
      );
      const file = await runFile(rows, length);
      // Random weights: logits are no constants, so that equality says something.
      expect(Math.max(...file) - Math.min(...file)).toBeGreaterThan(0.01);
      expect(largestDifference(file, await runTrainer(rows, length))).toBeLessThan(1e-5);
    },
  );

  it("does not depend on padding or on neighbours", async () => {
    const text = trained.tokenizer.encode(TEXTS[2]!, MAX_LENGTH);
    const long = trained.tokenizer.encode(TEXTS[6]!, MAX_LENGTH);
    const alone = await runFile([text], text.length);
    const padded = await runFile([text], MAX_LENGTH);
    const beside = await runFile([long, text], MAX_LENGTH);
    expect(largestDifference(padded, alone)).toBeLessThan(1e-6);
    expect(largestDifference(beside.slice(CLASSES.length), alone)).toBeLessThan(1e-6);
  });

  it("was compared on every text", () => {
    expect(draft.parity).toMatchObject({ texts: TEXTS.length, split: "test", tolerance: 1e-4 });
    expect(draft.parity.largestDifference).toBeLessThan(1e-5);
    expect(TEXTS).toContain(draft.parity.text);
  });

  it("is measured as it lies on disk", async () => {
    const files = [
      "config.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "special_tokens_map.json",
      "onnx/model.onnx",
    ];
    const sizes = await Promise.all(
      files.map(async (file) => (await readFile(join(draft.folder, file))).byteLength),
    );
    expect(draft.bytes.files).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(draft.bytes.onnx).toBe(sizes.at(-1));
    expect(draft.bytes.gzip).toBeLessThan(draft.bytes.files);
  });

  it("gives each text its own answer, whatever is asked beside it and in which order", async () => {
    const bundle = await openBundle(draft.folder);
    const together = await bundle.logits(TEXTS);
    const expected = await trained.logits(TEXTS);
    expect(largestDifference(together, expected)).toBeLessThan(1e-5);
    const backwards = await bundle.classify(TEXTS.toReversed());
    for (const [row, text] of TEXTS.entries()) {
      const [one] = await bundle.classify([text]);
      expect(one!.label).toBe(backwards[TEXTS.length - 1 - row]!.label);
      expect(one!.label).toBe(CLASSES[one!.probabilities.indexOf(Math.max(...one!.probabilities))]);
      const scores = together.subarray(row * CLASSES.length, (row + 1) * CLASSES.length);
      const sum = scores.reduce((total, logit) => total + Math.exp(logit), 0);
      expect(one!.probability).toBeCloseTo(Math.exp(Math.max(...scores)) / sum, 5);
    }
    await bundle.close();
  });

  it("answers no text, an empty one and one of 100,000 characters", async () => {
    const bundle = await openBundle(draft.folder);
    expect(await bundle.classify([])).toEqual([]);
    const answers = await bundle.classify(["", "word ".repeat(20_000), "y".repeat(100_000)]);
    for (const { label, probability } of answers) {
      expect(CLASSES).toContain(label);
      expect(probability).toBeGreaterThan(0.25);
    }
    await bundle.close();
  });
});
