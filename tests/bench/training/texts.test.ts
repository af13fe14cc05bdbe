import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  everyRowTexts,
  randomTexts,
  readTexts,
  sentences,
  writeTexts,
} from "../../../bench/training/texts.ts";
import { packageRoot } from "../../../src/platform/package-root.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-bench-texts-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const sizes = { texts: 12, length: 8, classes: 3, vocabulary: 16 };

describe("texts for the check", () => {
  it("hold every row in each batch, in another order", () => {
    const { tokens } = everyRowTexts({ ...sizes, batch: 4 });
    const batches = [0, 1, 2].map((index) => [...tokens.slice(index * 32, index * 32 + 32)]);
    for (const batch of batches) expect(new Set(batch).size).toBe(16);
    expect(batches[0]).not.toEqual(batches[1]);
  });

  it("are refused where a batch has no whole rounds", () => {
    expect(() => everyRowTexts({ ...sizes, batch: 3 })).toThrow(RangeError);
  });
});

describe("files of texts", () => {
  it("give back what was written", async () => {
    const set = randomTexts(sizes);
    const path = join(folder, "set");
    await writeTexts(path, set);
    expect(await readTexts(path, sizes.classes)).toEqual(set);
  });
});

describe("sentences", () => {
  const tokenizer = join(packageRoot(), "teachers", "minilm-l6-v2", "tokenizer.json");
  const options = { classes: 2, most: 100, maxLength: 6 };

  it("are the text column's pieces, cut at the limit", async () => {
    const path = join(folder, "texts.tsv");
    await writeFile(path, "label\ttext\nx\tcard\ny\tone two three four five six seven\n");
    const set = await sentences(path, tokenizer, options);
    // [CLS] card [SEP], and 4 pieces between [CLS] and [SEP].
    expect([...set.offsets]).toEqual([0, 3, 9]);
    expect(set.logits).toHaveLength(4);
  });

  it("are spread over the file where there are too many", async () => {
    const path = join(folder, "many.tsv");
    const lines = Array.from({ length: 10 }, (_, line) => (line < 5 ? "card" : "card card"));
    await writeFile(path, `text\n${lines.join("\n")}\n`);
    const { offsets } = await sentences(path, tokenizer, { ...options, most: 4 });
    // Lines 0, 2, 5 and 7: two of three pieces and two of four.
    expect([...offsets]).toEqual([0, 3, 6, 10, 14]);
  });

  it("are refused where the file has no such column", async () => {
    const path = join(folder, "other.tsv");
    await writeFile(path, "label\tsentence\nx\ty\n");
    await expect(sentences(path, tokenizer, options)).rejects.toThrow("a column text");
  });
});
