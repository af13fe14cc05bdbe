import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { IdentifiedText, Teacher } from "../../src/types.ts";
import { textId } from "../../src/texts/ids.ts";
import { logitsOf } from "./helpers.ts";

// tests/fixtures/generators/tiny_models.py
const FOLDER = new URL("../fixtures/teacher/", import.meta.url);

/** Folder of a tiny model. */
export const tinyModel = (name: "topics" | "nli" | "spam" | "words"): string =>
  new URL(name, FOLDER).pathname;

/** Python's tokens and logits of texts. */
export interface TinyCase {
  text: string;
  hypothesis?: string;
  ids: number[];
  types?: number[];
  logits: number[];
}

export const tinyCases = (name: "topics" | "nli" | "spam"): TinyCase[] =>
  JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as TinyCase[];

/** A copy of a model with another config.json. */
export async function changedModel(
  from: string,
  change: (config: Record<string, unknown>) => Record<string, unknown>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "limbeck-tiny-"));
  await cp(from, folder, { recursive: true });
  const path = join(folder, "config.json");
  const config = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  await writeFile(path, JSON.stringify(change(config)));
  return folder;
}

export const identified = (texts: readonly string[]): IdentifiedText[] =>
  texts.map((text) => ({ id: textId(text), text }));

/** The largest difference of two rows. */
export function furthest(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length)
    throw new Error(`${got.length} instead of ${expected.length}`);
  return Math.max(...Array.from(got, (value, index) => Math.abs(value - expected[index]!)));
}

/**
 * Whole ranges of ids, sorted: under a fixed plan a text's neighbours are the same whatever is known already, and so are
 * its bits.
 *
 * @param wanted - places of those that are asked for again, the others being known
 * @returns the texts in their order, and the logits of the wanted ones
 */
export async function expectSameBitsBesideKnown({
  teacher,
  count,
  wanted,
}: {
  teacher: Teacher;
  count: number;
  wanted: readonly number[];
}): Promise<{ sorted: IdentifiedText[]; logits: Map<string, Float32Array> }> {
  const many = identified(Array.from({ length: count }, (_, index) => `card ${index} money`));
  const sorted = many.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const all = await logitsOf(teacher, sorted);
  expect(all.size).toBe(count);
  const ids = new Set(wanted.map((index) => sorted[index]!.id));
  const some = await logitsOf(
    teacher,
    sorted.map((text) => (ids.has(text.id) ? text : { ...text, known: true })),
  );
  expect(new Set(some.keys())).toEqual(ids);
  for (const id of ids) expect(some.get(id)).toEqual(all.get(id));
  return { sorted, logits: some };
}
