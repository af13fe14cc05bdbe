import { LimbeckError } from "../errors.ts";
import { differences } from "../labels/description.ts";
import type { OpenedStore } from "../labels/open-store.ts";
import { provenanceHere } from "../labels/provenance.ts";
import { sampleById } from "../labels/sample-ids.ts";
import { argmax } from "../math/softmax.ts";
import type { IdentifiedText, Teacher } from "../types.ts";

/** Shares of the texts that must hold where the bits may differ. */
const LEAST_SHARE = 0.99;
const LEAST_COSINE = 0.99;

/** What labelling a sample once more has shown. */
export interface Relabelled {
  /** Texts that were labelled once more. */
  texts: number;
  /** Texts that the teacher gave no answer for this time. */
  unanswered: number;
  /** Rows that were computed by this runtime on this kind of processor, and how many of them are the same to the bit. */
  exact: { texts: number; same: number };
  /** Rows that were computed elsewhere or nobody knows where: likeliest class and cosine of the logits. */
  close: { texts: number; sameClass: number; closeCosine: number; leastCosine: number | null };
  /** Up to ten ids whose labels are not what the store has. */
  wrong: string[];
  passed: boolean;
}

interface StoredRow {
  logits: Float32Array;
  /** Whether the bits must be the same here. */
  exact: boolean;
}

/** Rows of some texts, each with whether it was computed as this process would. */
async function readStored(
  { store }: OpenedStore,
  wanted: ReadonlySet<string>,
  sameBits: boolean,
): Promise<Map<string, StoredRow>> {
  const here = provenanceHere();
  const { width } = store.format;
  const found = new Map<string, StoredRow>();
  for await (const { ids, rows, provenance } of store.shards({ distinct: true })) {
    const exact =
      sameBits && provenance.runtime === here.runtime && provenance.processor === here.processor;
    for (const [row, id] of ids.entries()) {
      if (wanted.has(id))
        found.set(id, { logits: rows.slice(row * width, (row + 1) * width), exact });
    }
  }
  return found;
}

/** Cosine of two rows of logits, each taken from its mean: a shift of all logits changes no probability. */
function cosine(a: Float32Array, b: Float32Array): number {
  const mean = (row: Float32Array) => row.reduce((sum, value) => sum + value, 0) / row.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squareA, squareB] = [0, 0, 0];
  for (let index = 0; index < a.length; index += 1) {
    const [x, y] = [a[index]! - meanA, b[index]! - meanB];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  if (squareA === 0 || squareB === 0) return squareA === squareB ? 1 : 0;
  return product / Math.sqrt(squareA * squareB);
}

function sameBitsOf(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}

/** @throws LimbeckError `E_STORE` where the teacher is not the one that labelled. */
function requireSameTeacher(teacher: Teacher, { store, description }: OpenedStore): void {
  if (teacher.digest === store.format.digest) return;
  const found = differences(description, teacher.description);
  throw new LimbeckError(
    "E_STORE",
    `Expected the recipe's teacher to be the one that labelled ${store.root}, got another: ${found.join("; ")}. ` +
      "The recipe or a file that it names was changed since; label with it, or name the store's own recipe.",
  );
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/** The texts that would be labelled once more: some of those that the store has, always the same. */
export function sampleToRelabel(
  { store }: OpenedStore,
  texts: readonly IdentifiedText[],
  count: number,
): IdentifiedText[] {
  return sampleById(
    texts.filter(({ id }) => store.has(id)),
    count,
    "verify",
  );
}

/**
 * Labels texts once more and holds the answers against the store: to the bit where runtime and kind of processor are
 * those that the shard records, else by the likeliest class (99 % of the texts) and the cosine of the logits (0.99 for
 * 99 % of the texts).
 *
 * @param teacher - opened without cached vectors
 * @throws LimbeckError `E_STORE` where it is not the teacher that labelled.
 */
export async function relabel(
  teacher: Teacher,
  opened: OpenedStore,
  texts: readonly IdentifiedText[],
  signal: AbortSignal,
): Promise<Relabelled> {
  requireSameTeacher(teacher, opened);
  const ids = new Set(texts.map(({ id }) => id));
  // Logits that depend on the batch are not the same bits in another one.
  const stored = await readStored(opened, ids, teacher.plan !== "fixed");
  const exact = { texts: 0, same: 0 };
  const cosines: number[] = [];
  let sameClass = 0;
  let answered = 0;
  const wrong: string[] = [];
  for await (const answer of teacher.label(stream(texts), signal)) {
    const row = stored.get(answer.id);
    if ("reason" in answer || row === undefined) continue;
    answered += 1;
    const same = row.exact && sameBitsOf(answer.logits, row.logits);
    const agrees = argmax(answer.logits) === argmax(row.logits);
    if (row.exact) {
      exact.texts += 1;
      exact.same += same ? 1 : 0;
    } else {
      cosines.push(cosine(answer.logits, row.logits));
      sameClass += agrees ? 1 : 0;
    }
    if ((row.exact ? !same : !agrees) && wrong.length < 10) wrong.push(answer.id);
  }
  const close = {
    texts: cosines.length,
    sameClass,
    closeCosine: cosines.filter((value) => value >= LEAST_COSINE).length,
    leastCosine: cosines.length === 0 ? null : Math.min(...cosines),
  };
  const enough = (count: number) => count >= LEAST_SHARE * close.texts;
  const passed =
    answered > 0 && exact.same === exact.texts && enough(sameClass) && enough(close.closeCosine);
  return { texts: answered, unanswered: texts.length - answered, exact, close, wrong, passed };
}
