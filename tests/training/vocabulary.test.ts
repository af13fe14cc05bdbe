import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../src/engine/safetensors.ts";
import {
  makeVocabulary,
  unknownShare,
  type VocabularyOptions,
} from "../../src/training/vocabulary.ts";
import { toyTokenizer } from "./toy-run.ts";

const original = toyTokenizer();
const rows = Object.keys(original.model.vocab).length;
const SIZE = 6;

let folder: string;
let options: VocabularyOptions;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-vocabulary-"));
  const tokenizer = join(folder, "teacher.json");
  await writeFile(tokenizer, JSON.stringify(original));
  // Vector of piece n: one in column n mod 6 is n, the others 0.
  const data = Float32Array.from({ length: rows * SIZE }, (_, index) => {
    const piece = Math.floor(index / SIZE);
    return index % SIZE === piece % SIZE ? piece : 0;
  });
  options = {
    folder,
    lexicon: { tokenizer, embeddings: () => Promise.resolve({ rows, size: SIZE, data }) },
    texts: ["my card was lost", "new rate"],
    maxLength: 16,
    widths: [3],
  };
});
afterEach(() => rm(folder, { recursive: true }));

const readStart = async (name: string) => {
  const path = join(folder, "embeddings.safetensors");
  return decodeSafetensors(await readFile(path), path).tensors[name]!;
};

describe("makeVocabulary", () => {
  it("leaves a tokenizer and start vectors of as many rows as it has pieces, the padding row zero", async () => {
    const { tokenizer, fullPieces } = await makeVocabulary(options);
    const { shape, data } = await readStart("teacher.3");
    expect(shape).toEqual([tokenizer.pieces, 3]);
    expect([...data.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(data.subarray(3).some((value) => value !== 0)).toBe(true);
    expect(fullPieces).toBe(rows);
    // cash, transfer, the, is, why, late, fee and old are in no text.
    expect(tokenizer.pieces).toBe(rows - 8);
  });

  it("has the deviation 0.3 over all pieces but the padding, as the reference scales them", async () => {
    await makeVocabulary(options);
    const values = [...(await readStart("teacher.3")).data.subarray(3)];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.sqrt(variance)).toBeCloseTo(0.3, 5);
  });

  it("keeps one tensor for each width, and none where no student asks", async () => {
    await makeVocabulary({ ...options, widths: [3, 5, 3] });
    expect((await readStart("teacher.5")).shape[1]).toBe(5);
    expect((await readStart("teacher.3")).shape[1]).toBe(3);
    const embeddings = () => Promise.reject(new Error("not needed"));
    await makeVocabulary({ ...options, widths: [], lexicon: { ...options.lexicon, embeddings } });
  });

  it("has another digest for other texts, the same for the same", async () => {
    const { digest } = await makeVocabulary(options);
    expect((await makeVocabulary(options)).digest).toBe(digest);
    expect((await makeVocabulary({ ...options, texts: ["my cash"] })).digest).not.toBe(digest);
    expect((await makeVocabulary({ ...options, widths: [4] })).digest).not.toBe(digest);
  });

  it("refuses weights with fewer rows than the tokenizer has pieces", async () => {
    const embeddings = () =>
      Promise.resolve({ rows: 20, size: SIZE, data: new Float32Array(20 * SIZE) });
    await expect(
      makeVocabulary({ ...options, lexicon: { ...options.lexicon, embeddings } }),
    ).rejects.toMatchObject({
      code: "E_TEACHER",
    });
  });
});

describe("unknownShare", () => {
  it("counts pieces, not marks", async () => {
    const { tokenizer } = await makeVocabulary(options);
    // "card" and "rate" are known; of "β" nothing is.
    expect(unknownShare(tokenizer, ["card β", "rate β"], 16)).toBe(0.5);
    expect(unknownShare(tokenizer, [], 16)).toBe(0);
  });
});
