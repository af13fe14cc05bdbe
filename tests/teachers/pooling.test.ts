import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { EncoderSession } from "../../teachers/transformers/encoder-session.ts";
import { packRows } from "../../teachers/transformers/pack.ts";
import { poolTokens, resolvePooler, type Pooling } from "../../teachers/transformers/pooling.ts";
import { loadTextEncoder } from "../../teachers/transformers/text-encoder.ts";
import { MODEL } from "./helpers.ts";

// tests/fixtures/generators/teacher_poolings.py
const file = new URL("../fixtures/teacher/poolings.json", import.meta.url);
const { maxLength, cases } = JSON.parse(readFileSync(file, "utf8")) as {
  maxLength: number;
  cases: { text: string; prefix: string; pooling: Pooling; vector: number[] }[];
};

describe("an encoder's pooling", () => {
  it.each(["mean", "cls", "max"] as const)(
    "%s gives the vectors of Python's onnxruntime, beside a longer text and with a prefix",
    async (pooling) => {
      const encode = await loadTextEncoder(MODEL, maxLength);
      const own = cases.filter((one) => one.pooling === pooling);
      const rows = packRows(own.map(({ prefix, text }) => ({ ids: encode(prefix + text) })));
      const options = { folder: MODEL, dtype: "q8", size: 384, pooling, normalize: false } as const;
      const session = await EncoderSession.load(options);
      const vectors = await session.encode(rows, own.length);
      await session.close();
      own.forEach(({ vector }, row) => {
        const found = vectors.subarray(row * 384, (row + 1) * 384);
        // Two versions of the runtime: a rounding of int8 here and there, beside numbers of about 0.3.
        const difference = Math.hypot(...vector.map((value, at) => value - found[at]!));
        expect(difference / Math.hypot(...vector)).toBeLessThan(0.01);
      });
    },
  );

  it("takes the mean, the first or the largest of a text's own tokens, at length 1 where asked", () => {
    // One text of 2 tokens, (3, -4) and (1, 0), the other of 1, (-3, 4), beside padding of nines.
    const hidden = Float32Array.of(3, -4, 1, 0, 9, 9, -3, 4, 9, 9, 9, 9);
    const lengths = Int32Array.of(2, 1);
    const pool = (pooling: Pooling, normalize: boolean) => {
      const into = new Float32Array(4);
      poolTokens(hidden, lengths, { size: 2, pooling, normalize }, into);
      return [...into];
    };
    expect(pool("mean", false)).toEqual([2, -2, -3, 4]);
    expect(pool("cls", false)).toEqual([3, -4, -3, 4]);
    expect(pool("max", false)).toEqual([3, 0, -3, 4]);
    const root = Math.fround(Math.SQRT1_2);
    expect(pool("mean", true)).toEqual([root, -root, ...[-0.6, 0.8].map(Math.fround)]);
    expect(pool("cls", true)).toEqual([0.6, -0.8, -0.6, 0.8].map(Math.fround));
    expect(pool("max", true)).toEqual([1, 0, ...[-0.6, 0.8].map(Math.fround)]);
  });

  it("sums any number of columns in the order of the tokens", () => {
    // 19 columns: two groups of eight and three alone. Numbers of such different size that another order rounds otherwise.
    const [size, tokens] = [19, 5];
    const random = new Random("columns");
    const hidden = Float32Array.from(
      { length: tokens * size },
      () => random.normal() * 10 ** random.integer(25),
    );
    const into = new Float32Array(size);
    poolTokens(hidden, Int32Array.of(tokens), { size, pooling: "mean", normalize: false }, into);
    for (let column = 0; column < size; column += 1) {
      let sum = 0;
      for (let token = 0; token < tokens; token += 1) sum += hidden[token * size + column]!;
      expect(into[column]).toBe(Math.fround(sum / tokens));
    }
  });
});

describe("resolvePooler", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "limbeck-pooling-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
  const write = async (path: string, value: unknown) => {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), JSON.stringify(value));
  };
  const auto = { pooling: "auto", normalize: "auto" } as const;
  const modules = (...names: string[]) =>
    names.map((name, idx) => ({
      idx,
      name: String(idx),
      path: name === "Transformer" ? "" : `${idx}_${name}`,
      type: `sentence_transformers.models.${name}`,
    }));

  it("takes the mean at length 1 where the model says nothing", async () => {
    expect(await resolvePooler(folder, auto)).toEqual({ pooling: "mean", normalize: true });
  });

  it.each([
    [{ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, "cls"],
    [{ pooling_mode_cls_token: false, pooling_mode_mean_tokens: true }, "mean"],
    [{ pooling_mode_max_tokens: true, include_prompt: true }, "max"],
    [{ pooling_mode: "cls", word_embedding_dimension: 384 }, "cls"],
  ] as const)("reads %o as %s", async (config, pooling) => {
    await write("1_Pooling/config.json", config);
    expect(await resolvePooler(folder, auto)).toEqual({ pooling, normalize: true });
    expect(await resolvePooler(folder, { ...auto, pooling: "max" })).toMatchObject({
      pooling: "max",
    });
  });

  it("looks into modules.json for the length and for the pooling's folder", async () => {
    await write("modules.json", modules("Transformer", "Dense", "Pooling"));
    await write("2_Pooling/config.json", { pooling_mode_cls_token: true });
    expect(await resolvePooler(folder, auto)).toEqual({ pooling: "cls", normalize: false });
    expect(await resolvePooler(folder, { ...auto, normalize: true })).toMatchObject({
      normalize: true,
    });
    await write("modules.json", modules("Transformer", "Dense", "Pooling", "Normalize"));
    expect(await resolvePooler(folder, auto)).toEqual({ pooling: "cls", normalize: true });
  });

  it.each([
    [{ pooling_mode_lasttoken: true }, "pooling_mode_lasttoken"],
    [{ pooling_mode: "weightedmean" }, "weightedmean"],
    [{ pooling_mode_mean_tokens: true, pooling_mode_max_tokens: true }, "and"],
    [{}, "none"],
  ])("refuses %o, unless the recipe names another", async (config, got) => {
    await write("1_Pooling/config.json", config);
    await expect(resolvePooler(folder, auto)).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringMatching(
        new RegExp(`1_Pooling/config.json, got .*${got}.*teacher.pooling`),
      ) as string,
    });
    expect(await resolvePooler(folder, { ...auto, pooling: "cls" })).toMatchObject({
      pooling: "cls",
    });
  });

  it("names a file that is no JSON", async () => {
    await writeFile(join(folder, "modules.json"), "[");
    await expect(resolvePooler(folder, auto)).rejects.toMatchObject({ code: "E_TEACHER" });
  });
});
