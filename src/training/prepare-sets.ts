import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { sha256File } from "../platform/digest.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { IdentifiedText, PrepareDetails, TextRow } from "../types.ts";
import { openLineFile } from "./line-file.ts";
import { writeSet } from "./set-files.ts";
import {
  buildTrainingSet,
  digestSet,
  labelledRows,
  selectRows,
  type BuildOptions,
  type TextWithLabel,
  type TrainingSet,
} from "../fitting/training-set.ts";

/** What training may read: gold labels of `labelled`, and of `validation` where the recipe bought them. */
export interface TrainingTexts {
  labelled: readonly TextRow[];
  transfer: readonly IdentifiedText[];
  validation: readonly (TextRow | IdentifiedText)[];
  /** Ids of labelled texts without an answer of the teacher: the controls alone learn from them. Default: none. */
  unanswered?: ReadonlySet<string>;
}

/** A set on disk, for the worker processes. */
export interface StoredSet {
  folder: string;
  rows: number;
  /** Of all its texts. */
  pieces: number;
  digest: string;
}

export interface PreparedSets {
  /** Transfer set and labelled texts, with the teacher's logits, and gold labels where they were bought. */
  all: StoredSet;
  /** The labelled texts and their gold labels; no logits. */
  labelled: StoredSet;
  /** Null where there are no validation texts. */
  validation: (StoredSet & { against: "teacher" | "gold" }) | null;
  /** The texts of `all`, in the order of its rows: one JSON string per line. */
  texts: StoredTexts;
  /** The texts of `labelled` likewise, where the teacher left some of them unanswered; null: they are among `texts`. */
  labelledTexts: StoredTexts | null;
}

export interface StoredTexts {
  path: string;
  digest: string;
}

export interface PrepareSetsOptions {
  /** `train/.data`: hidden, since it is no output. */
  folder: string;
  texts: TrainingTexts;
  /** The teacher's logits, joined by id: `[N, C]` in the order of the ids. */
  readLogits(ids: readonly string[]): Promise<Float32Array>;
  prepare: Pick<PrepareDetails, "classes" | "validation">;
  tokenizer: Tokenizer;
  maxLength: number;
}

/** Tokenizes the texts of training and validation, joins targets by id, and leaves them for the workers. */
export async function prepareSets(options: PrepareSetsOptions): Promise<PreparedSets> {
  const { folder, texts, prepare, tokenizer, maxLength } = options;
  const classes = prepare.classes.length;
  const classOf = new Map(prepare.classes.map((name, index) => [name, index]));
  const build = { tokenizer, maxLength, classes };
  const readLogits = (ids: readonly string[]) => options.readLogits(ids);

  const all = await buildWithTexts(trainingTexts(texts, classOf), join(folder, "texts.jsonl"), {
    ...build,
    readLogits,
  });
  const unanswered = texts.unanswered ?? new Set();
  const labelled =
    unanswered.size === 0
      ? { set: { ...selectRows(all.set, labelledRows(all.set)), logits: null }, texts: null }
      : await buildWithTexts(
          texts.labelled.map((row) => withLabel(row, classOf)),
          join(folder, "labelled-texts.jsonl"),
          { ...build, readLogits: null },
        );
  const gold = prepare.validation === "gold";
  const validation = await buildTrainingSet(
    validationTexts(texts.validation, gold ? classOf : null),
    {
      ...build,
      readLogits: gold ? null : readLogits,
    },
  );
  const store = async (name: string, set: TrainingSet): Promise<StoredSet> => {
    await writeSet(join(folder, name), set);
    return {
      folder: join(folder, name),
      rows: set.rows,
      pieces: set.tokens.length,
      digest: digestSet(set),
    };
  };
  return {
    all: await store("all", all.set),
    labelled: await store("labelled", labelled.set),
    validation:
      validation.rows === 0
        ? null
        : { ...(await store("validation", validation)), against: gold ? "gold" : "teacher" },
    texts: all.texts,
    labelledTexts: labelled.texts,
  };
}

/** A set, and its texts as a file of lines in the order of its rows. */
async function buildWithTexts(
  rows: Iterable<TextWithLabel>,
  path: string,
  build: Omit<BuildOptions, "onText">,
): Promise<{ set: TrainingSet; texts: StoredTexts }> {
  const lines = await openLineFile(path);
  const set = await buildTrainingSet(rows, { ...build, onText: (text) => lines.add(text) });
  await lines.close();
  return { set, texts: { path, digest: await sha256File(path) } };
}

function* trainingTexts(
  { labelled, transfer, unanswered }: TrainingTexts,
  classOf: ReadonlyMap<string, number>,
): Iterable<TextWithLabel> {
  for (const row of labelled) if (!unanswered?.has(row.id)) yield withLabel(row, classOf);
  for (const { id, text } of transfer) yield { id, text, label: -1 };
}

function withLabel(
  { id, text, label }: TextRow,
  classOf: ReadonlyMap<string, number>,
): TextWithLabel {
  const index = label === null ? undefined : classOf.get(label);
  if (index === undefined) {
    throw new LimbeckError(
      "E_DATA",
      `Expected a label among the ${classOf.size} classes, got ${JSON.stringify(label)} for ${JSON.stringify(text)}. Prepare the texts again: --from prepare.`,
    );
  }
  return { id, text, label: index };
}

/** Gold labels are read where the recipe bought them; else the teacher's logits serve. */
function validationTexts(
  rows: TrainingTexts["validation"],
  classOf: ReadonlyMap<string, number> | null,
): TextWithLabel[] {
  if (classOf === null) return rows.map(({ id, text }) => ({ id, text, label: -1 }));
  return rows.map((row) => withLabel({ label: null, ...row }, classOf));
}
