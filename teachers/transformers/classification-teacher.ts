import { digestOf } from "../../src/platform/digest.ts";
import type { Teacher, TeacherKind } from "../../src/types.ts";
import {
  fingerprintChoice,
  openClassificationModel,
  type ClassificationModel,
  type ModelChoice,
} from "./classification-model.ts";
import type { LazyPool } from "./lazy-pool.ts";
import { countParameters, openLexicon } from "./lexicon.ts";

/** What the files of a classification model settle, whatever a kind of teacher asks the model. */
export const classificationKind: Pick<TeacherKind<ModelChoice>, "fingerprint" | "lexicon"> = {
  fingerprint: fingerprintChoice,
  lexicon: async (choice, place) =>
    openLexicon((await openClassificationModel(choice, place)).folder),
};

export interface ClassificationParts {
  /** Everything that changes a logit. */
  description: Record<string, unknown>;
  classes: readonly string[];
  pool: LazyPool;
}

/** What every teacher that runs a classification model as it is says of itself. */
export async function describeOpened(
  { folder, maxLength, plan }: ClassificationModel,
  { description, classes, pool }: ClassificationParts,
): Promise<Omit<Teacher, "capacity" | "facts" | "label">> {
  return {
    description,
    digest: digestOf(description),
    labels: classes,
    parameters: await countParameters(folder),
    bytes: folder.bytes,
    maxLength,
    files: {},
    plan,
    heldOut: "any",
    close: pool.close,
  };
}
