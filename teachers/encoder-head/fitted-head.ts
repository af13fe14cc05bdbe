import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError, messageOf } from "../../src/errors.ts";
import { differences, readDescription } from "../../src/labels/description.ts";
import type { Classifier } from "../../src/math/softmax-regression/loss.ts";
import type { FoundEncoder } from "./describe.ts";
import { decodeHead, HEAD_FILE } from "./head-file.ts";

/** A head that labelled, as it lies beside its labels. */
export interface FittedHead {
  head: Classifier;
  /** `head.safetensors`. */
  file: Uint8Array;
  /** Class names in the order of its logits. */
  labels: readonly string[];
}

/**
 * Reads the head that labelled the texts of a label store.
 *
 * @param root - the store's folder
 * @throws LimbeckError `E_TEACHER` where it is gone, or its encoders have changed since.
 */
export async function readFittedHead(
  root: string,
  encoders: readonly FoundEncoder[],
): Promise<FittedHead> {
  const path = join(root, HEAD_FILE);
  const lost = (got: string, cause?: unknown) =>
    new LimbeckError(
      "E_TEACHER",
      `Expected the teacher that labelled the texts in ${root}, got ${got}. Label them again: limbeck run RECIPE --from label.`,
      { cause },
    );
  const present = await readDescription(root);
  if (present === null) throw lost("no teacher.json");
  const { labels, encoders: described } = present.description;
  const own = encoders.map(({ description }) => description);
  const found = differences(keyed(described), keyed(own));
  if (found.length > 0) throw lost(`a model folder that was changed since: ${found.join("; ")}`);
  let file: Uint8Array;
  try {
    file = await readFile(path);
  } catch (thrown) {
    throw lost(messageOf(thrown), thrown);
  }
  const size = encoders.reduce((sum, { folder }) => sum + folder.size, 0);
  const head = decodeHead(file, path, size);
  if (!Array.isArray(labels) || labels.length !== head.bias.length) {
    const got = Array.isArray(labels) ? `${labels.length} class names` : "no class names";
    throw lost(`${got} for a head of ${head.bias.length} classes`);
  }
  return { head, file, labels: labels as string[] };
}

/** A list as an object, so that a difference is named by its key. */
function keyed(list: unknown): unknown {
  return Array.isArray(list) ? Object.fromEntries(list.entries()) : list;
}
