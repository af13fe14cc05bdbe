import { createHash } from "node:crypto";
import { LimbeckError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** Texts as piece ids with what is to be learnt about them. Row `i` of every array belongs to one text. */
export interface TrainingSet {
  rows: number;
  classes: number;
  /** Piece ids of all texts, one after the other. */
  tokens: Int32Array;
  /** `[rows + 1]`: text `i` is `tokens[offsets[i] … offsets[i + 1]]`. */
  offsets: Int32Array;
  /** The teacher's raw scores, `[rows, C]`; null where no teacher is read. */
  logits: Float32Array | null;
  /** Gold class indices, `[rows]`; -1 where a text has none. */
  labels: Int32Array;
  /** The texts' ids, for messages: no weight depends on them. */
  ids: readonly string[];
}

/** A text, and its gold class or -1. */
export interface TextWithLabel {
  id: string;
  text: string;
  label: number;
}

export interface BuildOptions {
  tokenizer: Pick<Tokenizer, "encode">;
  maxLength: number;
  classes: number;
  /** The teacher's logits for these ids, `[N, C]` in their order; joined by id. Null: no teacher. */
  readLogits: ((ids: readonly string[]) => Promise<Float32Array>) | null;
  /** Called with the text of each row, in the order of the rows. */
  onText?: (text: string) => Promise<void>;
}

/**
 * Tokenizes texts and joins the teacher's logits to them by id. A text that comes twice is kept once, with its gold
 * label if one of the two has it.
 *
 * @throws LimbeckError `E_STORE` where the logits are not one row of C per id.
 */
export async function buildTrainingSet(
  texts: Iterable<TextWithLabel>,
  { tokenizer, maxLength, classes, readLogits, onText }: BuildOptions,
): Promise<TrainingSet> {
  const rowOf = new Map<string, number>();
  const labels: number[] = [];
  const offsets: number[] = [0];
  let tokens = new Int32Array(1 << 16);
  for (const { id, text, label } of texts) {
    const known = rowOf.get(id);
    if (known !== undefined) {
      if (labels[known] === -1) labels[known] = label;
      continue;
    }
    const ids = tokenizer.encode(text, maxLength);
    const start = offsets.at(-1)!;
    if (start + ids.length > tokens.length) tokens = enlarged(tokens, start + ids.length);
    tokens.set(ids, start);
    offsets.push(start + ids.length);
    rowOf.set(id, labels.length);
    labels.push(label);
    await onText?.(text);
  }
  const rows = labels.length;
  const ids = [...rowOf.keys()];
  const logits = readLogits && (await readLogits(ids));
  if (logits && logits.length !== rows * classes) {
    throw new LimbeckError(
      "E_STORE",
      `Expected ${rows * classes} logits (${rows} texts × ${classes} classes), got ${logits.length}. Label the texts again: --from label.`,
    );
  }
  return {
    rows,
    classes,
    tokens: tokens.slice(0, offsets[rows]),
    offsets: Int32Array.from(offsets),
    logits,
    labels: Int32Array.from(labels),
    ids,
  };
}

function enlarged(tokens: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(2 * tokens.length, least));
  larger.set(tokens);
  return larger;
}

/** Length of each text in pieces, `[rows]`. */
export function textLengths({ rows, offsets }: TrainingSet): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => offsets[row + 1]! - offsets[row]!);
}

/** The chosen rows, in the order given. */
export function selectRows(set: TrainingSet, rows: readonly number[]): TrainingSet {
  const { classes, logits } = set;
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, place) => {
    offsets[place + 1] = offsets[place]! + set.offsets[row + 1]! - set.offsets[row]!;
  });
  const tokens = new Int32Array(offsets[rows.length]!);
  const selected = logits && new Float32Array(rows.length * classes);
  rows.forEach((row, place) => {
    tokens.set(set.tokens.subarray(set.offsets[row], set.offsets[row + 1]), offsets[place]);
    if (logits) selected?.set(logits.subarray(row * classes, (row + 1) * classes), place * classes);
  });
  const labels = Int32Array.from(rows, (row) => set.labels[row]!);
  const ids = rows.map((row) => set.ids[row]!);
  return { rows: rows.length, classes, tokens, offsets, logits: selected, labels, ids };
}

/** Rows that have a gold label. */
export function labelledRows({ labels }: TrainingSet): number[] {
  return Array.from(labels.keys()).filter((row) => labels[row]! >= 0);
}

/** SHA-256 over everything in the set that a weight can depend on. */
export function digestSet(set: TrainingSet): string {
  const hash = createHash("sha256").update(
    `${set.rows} ${set.classes} ${set.logits === null ? "gold" : "teacher"}`,
  );
  for (const array of [set.tokens, set.offsets, set.labels, set.logits]) {
    if (array) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest("hex");
}
