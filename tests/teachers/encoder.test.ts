import { readFileSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { makeBlocks } from "../../teachers/transformers/blocks.ts";
import { ModelPool } from "../../teachers/transformers/model-pool.ts";
import { EncoderSession } from "../../teachers/transformers/encoder-session.ts";
import { loadTextEncoder, type EncodeText } from "../../teachers/transformers/text-encoder.ts";
import { bankingTexts, MODEL } from "./helpers.ts";

const SIZE = 384;
const options = {
  folder: MODEL,
  dtype: "q8",
  size: SIZE,
  pooling: "mean",
  normalize: true,
} as const;

// tests/fixtures/generators/teacher_vectors.py
const file = new URL("../fixtures/teacher/vectors.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as {
  text: string;
  ids: number[];
  vector: number[];
}[];

let encodeText: EncodeText;
let session: EncoderSession;
beforeAll(async () => {
  encodeText = await loadTextEncoder(MODEL, 128);
  session = await EncoderSession.load(options);
});
afterAll(async () => {
  await session.close();
});

/** Vectors of texts in the order given, `batch` at a time. */
async function encode(texts: readonly string[], batch: number): Promise<Float32Array[]> {
  const tokens = texts.map(encodeText);
  const ids = Int32Array.from(tokens.flatMap((list) => [...list]));
  const lengths = Int32Array.from(tokens, (list) => list.length);
  const vectors = await session.encode({ ids, lengths }, batch);
  return texts.map((_, row) => vectors.slice(row * SIZE, (row + 1) * SIZE));
}

describe("loadTextEncoder", () => {
  it.each(cases)("gives the ids of Python's tokenizers: $text", ({ text, ids }) => {
    expect([...encodeText(text)]).toEqual(ids);
  });

  it("keeps the last special token of a text that is too long", async () => {
    const short = await loadTextEncoder(MODEL, 6);
    // [CLS] my card was swallowed [SEP]: 101, four pieces, 102; the longer text loses its end, not the 102.
    expect([...short("my card was swallowed by a machine")]).toEqual([
      ...short("my card was swallowed"),
    ]);
    expect(short("refund ".repeat(50)).length).toBe(6);
    expect(short("refund ".repeat(50))[5]).toBe(102);
  });
});

describe("EncoderSession", () => {
  it.each(cases)("gives the vector of Python's onnxruntime: $text", async ({ text, vector }) => {
    const [own] = await encode([text], 1);
    const cosine = vector.reduce((sum, value, index) => sum + value * own![index]!, 0);
    expect(cosine).toBeGreaterThan(0.9999);
    const length = Math.sqrt(own!.reduce((sum, value) => sum + value * value, 0));
    expect(length).toBeCloseTo(1, 6);
  });

  it("gives a text the same bits alone, in any batch and with any padding", async () => {
    const texts = new Random("batch", 1).shuffle(bankingTexts(12, 4).texts.map(({ text }) => text));
    const alone = await encode(texts, 1);
    for (const batch of [2, 7, 48]) expect(await encode(texts, batch)).toEqual(alone);
    // Beside a text of 128 tokens everything else is mostly padding.
    const padded = await encode([...texts, "refund ".repeat(200)], 64);
    expect(padded.slice(0, texts.length)).toEqual(alone);
    const reversed = await encode([...texts].reverse(), 16);
    expect(reversed.reverse()).toEqual(alone);
  });

  it("leaves the length as it is where it is not to be normalized", async () => {
    const plain = await EncoderSession.load({ ...options, normalize: false });
    const ids = encodeText("ok");
    const vector = await plain.encode({ ids, lengths: Int32Array.of(ids.length) }, 1);
    await plain.close();
    const [unit] = await encode(["ok"], 1);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    expect(length).not.toBeCloseTo(1, 1);
    unit!.forEach((value, index) => {
      expect(value).toBeCloseTo(vector[index]! / length, 6);
    });
  });

  it("names the folder when the vectors have another width than config.json says", async () => {
    const wrong = await EncoderSession.load({ ...options, size: 256 });
    await expect(
      wrong.encode({ ids: encodeText("ok"), lengths: Int32Array.of(3) }, 1),
    ).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining(MODEL) as string,
    });
    await wrong.close();
  });
});

describe("ModelPool", () => {
  it("gives from its threads what a session gives, each answer to its own question", async () => {
    const { texts } = bankingTexts(6, 40);
    const blocks = makeBlocks(texts, encodeText);
    expect(blocks.length).toBe(2);
    // The longest block comes first; within a block the shortest text does.
    const lengths = blocks.toReversed().flatMap((block) => [...block.lengths]);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    const order = blocks.flatMap(({ textIds }) => textIds);
    const pool = await ModelPool.open(options, 2, 32);
    const answers = await Promise.all(blocks.map((block) => pool.encode(block)));
    await pool.close();
    const byId = new Map(texts.map(({ id, text }) => [id, text]));
    const expected = await encode(
      order.map((id) => byId.get(id)!),
      1,
    );
    const rows = answers.flatMap((vectors) =>
      Array.from({ length: vectors.length / SIZE }, (_, row) =>
        vectors.slice(row * SIZE, (row + 1) * SIZE),
      ),
    );
    expect(rows).toEqual(expected);
  });

  it("rejects what waits when it is closed in the middle of its work, and lives on", async () => {
    // Terminating a thread inside ONNX Runtime aborts the process: this file would end with status 134.
    for (const delay of [0, 40]) {
      const pool = await ModelPool.open(options, 2, 32);
      const { texts } = bankingTexts(10, 30);
      const waiting = makeBlocks(texts, encodeText).map((block) => pool.encode(block));
      const outcomes = Promise.allSettled(waiting);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await pool.close();
      expect((await outcomes).at(-1)).toMatchObject({
        status: "rejected",
        reason: { code: "E_ABORTED" },
      });
      const [block] = makeBlocks(texts, encodeText);
      await expect(pool.encode(block!)).rejects.toMatchObject({ code: "E_ABORTED" });
    }
  });

  it("says that a worker has died instead of waiting for it", async () => {
    const pool = await ModelPool.open(options, 1, 32);
    const { seats } = pool as unknown as { seats: { worker: Worker }[] };
    await seats[0]!.worker.terminate();
    const [block] = makeBlocks(bankingTexts(2, 2).texts, encodeText);
    await expect(pool.encode(block!)).rejects.toMatchObject({ code: "E_TEACHER" });
    await pool.close();
  });

  it("names an unknown model when it is opened", async () => {
    const opening = ModelPool.open({ ...options, folder: "/nowhere" }, 1, 32);
    await expect(opening).rejects.toMatchObject({ code: "E_TEACHER" });
  });
});
