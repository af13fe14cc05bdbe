import { describeModel, type ClassificationModel } from "../transformers/classification-model.ts";
import type { ClassMap } from "./class-logits.ts";
import type { ClassifierOptions } from "./options.ts";

/** Everything that changes a logit of a classifier. */
export function describeClassifier(
  model: ClassificationModel,
  map: ClassMap,
  { classes, options }: { classes: readonly string[]; options: ClassifierOptions },
) {
  return {
    kind: "classifier",
    format: 1,
    labels: classes,
    /** The model's labels by class: another table is another teacher. */
    from: map.from,
    model: describeModel(model, options),
  };
}
