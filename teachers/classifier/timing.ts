import type { TeacherKind } from "../../src/types.ts";
import { openClassificationModel } from "../transformers/classification-model.ts";
import { logitsOptions } from "../transformers/open-logits.ts";
import { packRows } from "../transformers/pack.ts";
import { checkStored, storedClasses } from "../transformers/stored-description.ts";
import { mapClasses } from "./class-logits.ts";
import { describeClassifier } from "./describe.ts";
import type { ClassifierOptions } from "./options.ts";

/** The teacher that labelled, on one thread of this process, tokenization included. */
export const openForTiming: TeacherKind<ClassifierOptions>["openForTiming"] = async (
  options,
  context,
) => {
  const model = await openClassificationModel(options, context);
  const classes = await storedClasses(context);
  const map = mapClasses(model, classes, options);
  await checkStored(context, describeClassifier(model, map, { classes, options }));
  const { loadTextEncoder } = await import("../transformers/text-encoder.ts");
  const { LogitsSession } = await import("../transformers/logits-session.ts");
  const encodeText = await loadTextEncoder(model.folder.path, model.maxLength);
  const session = await LogitsSession.load(logitsOptions(model, options.dtype));
  const width = model.labels.length;
  return {
    async classify(texts) {
      const block = packRows(texts.map((text) => ({ ids: encodeText(text) })));
      const rows = await session.encode(block, options.batch);
      return texts.map((_, row) => map.apply(rows.subarray(row * width, (row + 1) * width)));
    },
    close: () => session.close(),
  };
};
