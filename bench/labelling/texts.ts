import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { createInterface } from "node:readline";
import { packageRoot } from "../../src/platform/package-root.ts";
import { Random } from "../../src/math/random.ts";
import { textId } from "../../src/texts/ids.ts";
import type { IdentifiedText, LabelledText } from "../../src/types.ts";

/** Texts to label, and labelled ones that are not among them to fit a head on. */
export interface LabellingTexts {
  name: string;
  texts: IdentifiedText[];
  labelled: LabelledText[];
  classes: string[];
  /** Longest text in tokens. */
  maxLength: number;
}

interface Row {
  id: string;
  label: string;
  text: string;
}

/** Rows of TSV files with the columns label and text, each text once. */
async function readRows(...paths: readonly string[]): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (const path of paths) {
    for await (const row of readFileRows(path)) if (!rows.has(row.id)) rows.set(row.id, row);
  }
  return [...rows.values()];
}

async function* readFileRows(path: string): AsyncGenerator<Row> {
  const file = createReadStream(path);
  const input = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  let first = true;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const [label, text] = line.split("\t");
    if (!first && text !== undefined && text !== "")
      yield { id: textId(text), label: label!, text };
    first = false;
  }
}

function take(
  rows: readonly Row[],
  {
    name,
    count,
    perClass,
    maxLength,
  }: { name: string; count: number; perClass: number; maxLength: number },
): LabellingTexts {
  const classes = [...new Set(rows.map(({ label }) => label))].sort();
  const labelled = classes.flatMap((label, index) =>
    rows
      .filter((row) => row.label === label)
      .slice(0, perClass)
      .map(({ id, text }) => ({ id, text, label: index })),
  );
  const taken = new Set(labelled.map(({ id }) => id));
  const texts = rows.filter(({ id }) => !taken.has(id)).slice(0, count);
  return { name, texts: texts.map(({ id, text }) => ({ id, text })), labelled, classes, maxLength };
}

const banking = (file: string): string => join(packageRoot(), "datasets", "banking77", file);

/** Short texts: Banking77, train and test together. */
export async function shortTexts(count = 10_000, perClass = 4): Promise<LabellingTexts> {
  const rows = await readRows(banking("test.tsv"), banking("train.tsv"));
  return take(rows, { name: "Banking77", count, perClass, maxLength: 128 });
}

const LONG = { count: 5000, perClass: 20, maxLength: 256 };

/**
 * 5,000 long texts: of a TSV file (label, text) such as IMDB's reviews; without one, Banking77's texts strung together
 * to the lengths of reviews.
 */
export async function longTexts(path: string | null): Promise<LabellingTexts> {
  if (path !== null) {
    const rows = new Random("long texts").shuffle(await readRows(path));
    return take(rows, { ...LONG, name: "reviews" });
  }
  const rows = await readRows(banking("train.tsv"));
  const random = new Random("long texts");
  const strung = Array.from({ length: LONG.count + 100 }, (_, index) => {
    // A review has 230 words, more or less; the log-normal spread is about IMDB's.
    const words = Math.max(20, Math.round(Math.exp(5.2 + 0.6 * random.normal())));
    const parts: string[] = [];
    for (let length = 0; length < words; length = parts.join(" ").split(" ").length)
      parts.push(rows[random.integer(rows.length)]!.text);
    const text = parts.join(" ");
    return { id: textId(text), label: String(index % 2), text };
  });
  return take(strung, { ...LONG, name: "strung texts" });
}
