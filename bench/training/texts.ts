import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Random } from "../../src/math/random.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer.ts";
import type { TrainingSet } from "../../src/fitting/training-set.ts";

/** Texts of a set at random; every batch of them has the same shape. */
export interface RandomTexts {
  texts: number;
  length: number;
  classes: number;
  /** Tokens are below this. */
  vocabulary: number;
  seed?: number;
}

/** Uniform tokens and normal teacher's logits. */
export function randomTexts({
  texts,
  length,
  classes,
  vocabulary,
  seed = 0,
}: RandomTexts): TrainingSet {
  const random = new Random("bench", seed);
  const tokens = Int32Array.from({ length: texts * length }, () => random.integer(vocabulary));
  return withLogits(
    tokens,
    Int32Array.from({ length: texts + 1 }, (_, text) => text * length),
    classes,
  );
}

/**
 * Texts that touch the first `vocabulary` rows of the table in every batch: each batch holds whole rounds of them.
 *
 * @throws RangeError if a batch cannot hold whole rounds.
 */
export function everyRowTexts(given: RandomTexts & { batch: number }): TrainingSet {
  const { texts, length, batch, vocabulary, classes } = given;
  if ((batch * length) % vocabulary !== 0)
    throw new RangeError(`Expected ${vocabulary} rows to divide ${batch} × ${length} tokens.`);
  const random = new Random("bench", "every row");
  const tokens = new Int32Array(texts * length);
  for (let start = 0; start < tokens.length; start += batch * length) {
    const places = Int32Array.from({ length: batch * length }, (_, place) => place % vocabulary);
    tokens.set(random.shuffle(places), start);
  }
  const offsets = Int32Array.from({ length: texts + 1 }, (_, text) => text * length);
  return withLogits(tokens, offsets, classes);
}

/** The texts of a TSV file with a header that has a column `text`, in the shipped tokenizer's pieces. */
export async function sentences(
  path: string,
  tokenizerPath: string,
  { classes, most, maxLength }: { classes: number; most: number; maxLength: number },
): Promise<TrainingSet> {
  const [header, ...lines] = (await readFile(path, "utf8")).trimEnd().split("\n");
  const column = header!.split("\t").indexOf("text");
  if (column < 0) throw new Error(`Expected a column text in ${path}, got ${header}.`);
  const tokenizer = await loadTokenizer(tokenizerPath);
  const tokens: number[] = [];
  const offsets = [0];
  // Spread over the whole file, which may be sorted by class.
  const every = Math.max(1, lines.length / most);
  for (let line = 0; line < lines.length; line += every) {
    tokens.push(...tokenizer.encode(lines[Math.floor(line)]!.split("\t")[column]!, maxLength));
    offsets.push(tokens.length);
  }
  return withLogits(Int32Array.from(tokens), Int32Array.from(offsets), classes);
}

function withLogits(tokens: Int32Array, offsets: Int32Array, classes: number): TrainingSet {
  const rows = offsets.length - 1;
  const random = new Random("bench", "teacher");
  const logits = Float32Array.from({ length: rows * classes }, () => random.normal());
  return { rows, classes, tokens, offsets, logits, ...unlabeled(rows) };
}

function unlabeled(rows: number): Pick<TrainingSet, "labels" | "ids"> {
  return {
    labels: new Int32Array(rows).fill(-1),
    ids: Array.from({ length: rows }, (_, row) => `text ${row}`),
  };
}

/** Writes a set as `tokens.bin`, `offsets.bin` (int32) and `logits.bin` (float32), as the processor has them. */
export async function writeTexts(folder: string, set: TrainingSet): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "tokens.bin"), set.tokens);
  await writeFile(join(folder, "offsets.bin"), set.offsets);
  await writeFile(join(folder, "logits.bin"), set.logits!);
}

/** Reads what {@link writeTexts} wrote. */
export async function readTexts(folder: string, classes: number): Promise<TrainingSet> {
  const buffer = async (name: string): Promise<ArrayBuffer> => {
    const bytes = await readFile(join(folder, name));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  };
  const offsets = new Int32Array(await buffer("offsets.bin"));
  const rows = offsets.length - 1;
  return {
    rows,
    classes,
    tokens: new Int32Array(await buffer("tokens.bin")),
    offsets,
    logits: new Float32Array(await buffer("logits.bin")),
    ...unlabeled(rows),
  };
}
