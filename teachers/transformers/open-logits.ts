import type { TeacherContext } from "../../src/types.ts";
import type { ClassificationModel } from "./classification-model.ts";
import type { ModelDtype } from "./dtypes.ts";
import type { LogitsOptions } from "./logits-session.ts";

/** What a logits session of a model is opened with. */
export function logitsOptions(
  { folder, labels, plan }: ClassificationModel,
  dtype: ModelDtype,
): LogitsOptions {
  const fixed = plan === "fixed";
  return { output: "logits", folder: folder.path, dtype, size: labels.length, fixed };
}

/** Tells of a model whose logits depend a little on the texts beside a text. */
export function warnOfBatches(
  { folder, plan }: ClassificationModel,
  report: TeacherContext["report"],
): void {
  if (plan === "free") return;
  const message =
    `${folder.weights} quantizes whole batches as it runs: a text's logits depend a little on the texts beside it, ` +
    "so texts are labelled in blocks that are laid down beforehand. An fp32 file (teacher.dtype: fp32) has no such limit.";
  report({ kind: "warning", stage: "label", message });
}
