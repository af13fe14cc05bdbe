import { join } from "node:path";
import { LimbeckError } from "../../src/errors.ts";
import { readDescription } from "../../src/labels/description.ts";
import type { TeacherPlace } from "../../src/types.ts";
import {
  artefactFolder,
  HELD_OUT,
  readArtefact,
  type Artefact,
  type FitDescription,
} from "./artefact.ts";

/** Everything that changes a logit; becomes teacher.json of the label store. */
export interface FineTunedDescription extends Record<string, unknown> {
  kind: "fine-tuned";
  format: 1;
  labels: readonly string[];
  maxLength: number;
  /** Digest of `inputs`: names the model's folder. */
  fit: string;
  /** What the weights came from. */
  inputs: FitDescription;
  /** SHA-256 of the model's files by path: what the logits come from. */
  files: Record<string, string>;
}

export function describeTeacher(
  artefact: Artefact,
  parts: Pick<FineTunedDescription, "labels" | "maxLength" | "fit" | "inputs">,
): FineTunedDescription {
  const files = Object.fromEntries(
    Object.entries(artefact.files).filter(([file]) => file !== HELD_OUT),
  );
  return { kind: "fine-tuned", format: 1, ...parts, files };
}

/**
 * The teacher that labelled, from beside its labels: nothing is trained.
 *
 * @param root - folder of the label store
 * @throws LimbeckError `E_TEACHER` where the store is another kind's, or the model is gone or was changed since.
 */
export async function openStored(
  root: string,
  { modelsFolder }: Pick<TeacherPlace, "modelsFolder">,
): Promise<{ artefact: Artefact; description: FineTunedDescription }> {
  const lost = (got: string) =>
    new LimbeckError(
      "E_TEACHER",
      `Expected the fine-tuned teacher that labelled the texts in ${root}, got ${got}. Label them again: limbeck run RECIPE --from label.`,
    );
  const present = await readDescription(root);
  if (present === null) throw lost("no teacher.json");
  const { kind } = present.description;
  if (kind !== "fine-tuned") throw lost(`one of the kind ${String(kind)}`);
  const description = present.description as FineTunedDescription;
  const folder = artefactFolder(modelsFolder, description.fit);
  const artefact = await readArtefact(folder);
  if (artefact === null) throw lost(`no model in ${folder}`);
  const changed = Object.keys(description.files).filter(
    (file) => artefact.files[file] !== description.files[file],
  );
  if (changed.length > 0)
    throw lost(`another model: ${changed.map((file) => join(folder, file)).join(", ")}`);
  return { artefact, description };
}
