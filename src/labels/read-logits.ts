import { basename } from "node:path";
import { LimbeckError } from "../errors.ts";
import { readDescription } from "./description.ts";
import { LabelStore } from "./label-store.ts";

/**
 * A teacher's logits for some texts, joined by id.
 *
 * @param storeFolder - the store's own folder, `<labels folder>/<teacher digest>`; nothing in it is changed
 * @returns `[N, C]` float32 in the order of `ids`, classes in the order of teacher.json's `labels`
 * @throws LimbeckError `E_STORE` when there is no store, it does not match its name, or a text has no logits: how many
 *   and one of them.
 */
export async function readLogits(
  storeFolder: string,
  ids: readonly string[],
): Promise<Float32Array> {
  const present = await readDescription(storeFolder);
  if (present === null) {
    throw new LimbeckError(
      "E_STORE",
      `Expected a label store in ${storeFolder}, got no teacher.json. Label the texts: limbeck run RECIPE --from label.`,
    );
  }
  const { description, digest } = present;
  if (digest !== basename(storeFolder)) {
    throw new LimbeckError(
      "E_STORE",
      `Expected teacher.json in ${storeFolder} to have the digest in the folder's name, got ${digest}. ` +
        "It was changed: move the folder away and label the texts again.",
    );
  }
  const labels = description["labels"];
  const width = Array.isArray(labels) ? labels.length : 0;
  if (width === 0)
    throw new LimbeckError(
      "E_STORE",
      `Expected class names in ${storeFolder}/teacher.json, got none.`,
    );
  const store = new LabelStore(storeFolder, { digest, width, dtype: "float32" });
  await store.refresh((name) => {
    store.notes.push(`${name} is damaged.`);
    return Promise.resolve();
  });
  return store.read(ids);
}
