import { join } from "node:path";
import { LimbeckError } from "../../src/errors.ts";
import { differences, readDescription } from "../../src/labels/description.ts";

/** The store of a teacher's labels. */
export interface StoredAt {
  labelsFolder: string;
  digest: string;
}

function lost({ labelsFolder, digest }: StoredAt, got: string): LimbeckError {
  return new LimbeckError(
    "E_TEACHER",
    `Expected the teacher that labelled the texts in ${join(labelsFolder, digest)}, got ${got}. ` +
      "Label them again: limbeck run RECIPE --from label.",
  );
}

/** Class names of the teacher that labelled, from its teacher.json. @throws LimbeckError `E_TEACHER` where there is none. */
export async function storedClasses(at: StoredAt): Promise<string[]> {
  const stored = await readDescription(join(at.labelsFolder, at.digest));
  const labels = stored?.description["labels"];
  if (!Array.isArray(labels)) throw lost(at, "no teacher.json with labels");
  return labels as string[];
}

/** @throws LimbeckError `E_TEACHER` naming what has changed since a teacher has labelled. */
export async function checkStored(
  at: StoredAt,
  description: Record<string, unknown>,
): Promise<void> {
  const stored = await readDescription(join(at.labelsFolder, at.digest));
  if (stored === null) throw lost(at, "no teacher.json");
  const found = differences(stored.description, description);
  if (found.length > 0) throw lost(at, `one that was changed since: ${found.join("; ")}`);
}
