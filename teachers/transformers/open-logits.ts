import type { TeacherContext } from "../../src/types.ts";
import type { ClassificationModel } from "./classification-model.ts";
import type { ModelDtype } from "./dtypes.ts";
import type { LogitsOptions } from "./logits-session.ts";
import { ModelPool } from "./model-pool.ts";

/** What a logits session of a model is opened with. */
export function logitsOptions(
  { folder, labels }: ClassificationModel,
  dtype: ModelDtype,
): LogitsOptions {
  return { output: "logits", folder: folder.path, dtype, size: labels.length };
}

/** Sessions that are opened at first need: where every label is in the store, none is ever loaded. */
export interface LazyPool {
  open: () => Promise<ModelPool>;
  close: () => Promise<void>;
}

/** A pool of logits sessions, one per worker. */
export function lazyPool(
  model: ClassificationModel,
  { dtype, batch, workers }: { dtype: ModelDtype; batch: number; workers: number },
): LazyPool {
  let opened: Promise<ModelPool> | null = null;
  return {
    open: () => (opened ??= ModelPool.open(logitsOptions(model, dtype), workers, batch)),
    close: async () => (await opened?.catch(() => null))?.close(),
  };
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
