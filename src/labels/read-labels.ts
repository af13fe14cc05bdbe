import { LimbeckError } from "../errors.ts";
import { readDescription } from "./description.ts";
import { LabelStore } from "./label-store.ts";

/** A teacher's answers for some texts as far as there are any. */
export interface ReadLabels {
  /** `[N, C]` float32 in the order of the ids; zeros where there is no answer. */
  logits: Float32Array;
  /** Positions of the ids without an answer, ascending. */
  missing: Int32Array;
}

/**
 * As {@link readLogits}, for texts that the teacher may have left unanswered.
 *
 * @throws LimbeckError `E_STORE` when there is no store.
 */
export async function readLabels(folder: string, ids: readonly string[]): Promise<ReadLabels> {
  const present = await readDescription(folder);
  const labels = present?.description["labels"];
  if (present === null || !Array.isArray(labels) || labels.length === 0) {
    throw new LimbeckError(
      "E_STORE",
      `Expected a label store in ${folder}, got none. Label the texts: limbeck run RECIPE --from label.`,
    );
  }
  const width = labels.length;
  const store = new LabelStore(folder, { digest: present.digest, width, dtype: "float32" });
  await store.refresh(() => Promise.resolve());
  const missing = ids.flatMap((id, position) => (store.has(id) ? [] : [position]));
  const rows = await store.read(ids.filter((id) => store.has(id)));
  if (missing.length === 0) return { logits: rows, missing: new Int32Array() };
  const logits = new Float32Array(ids.length * width);
  let row = 0;
  ids.forEach((id, position) => {
    if (!store.has(id)) return;
    logits.set(rows.subarray(row * width, (row + 1) * width), position * width);
    row += 1;
  });
  return { logits, missing: Int32Array.from(missing) };
}
