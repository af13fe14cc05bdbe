import type { TeacherKind } from "../../src/types.ts";
import { logitsOptions } from "../transformers/open-logits.ts";
import { checkStored, storedClasses } from "../transformers/stored-description.ts";
import { pairScore } from "./entailment.ts";
import { openZeroShotModel, tokenizeSentences } from "./open-model.ts";
import type { ZeroShotOptions } from "./options.ts";
import { makePairBlocks } from "./pairs.ts";

/** The teacher that labelled, on one thread of this process, tokenization included. */
export const openForTiming: TeacherKind<ZeroShotOptions>["openForTiming"] = async (
  options,
  context,
) => {
  const opened = await openZeroShotModel(options, context, await storedClasses(context));
  const { model, columns, description } = opened;
  await checkStored(context, description);
  const { loadPairEncoder } = await import("../transformers/pair-encoder.ts");
  const { LogitsSession } = await import("../transformers/logits-session.ts");
  const encoder = await loadPairEncoder(model.folder.path, model.maxLength);
  const pairs = tokenizeSentences(opened, encoder);
  const session = await LogitsSession.load(logitsOptions(model, options.dtype));
  const width = model.labels.length;
  return {
    async classify(texts) {
      // A text's place stands for its id: of two alike, each gets its answer.
      const identified = texts.map((text, index) => ({ id: String(index), text }));
      const answers: Float32Array[] = [];
      for (const block of makePairBlocks(identified, pairs)) {
        const rows = await session.encode(block, options.batch);
        block.cells.forEach((cell, pair) => {
          const row = rows.subarray(pair * width, (pair + 1) * width);
          if (!block.scores.set(cell, pairScore(row, columns, options.score))) return;
          answers[Number(block.scores.textOf(cell).id)] = block.scores.logitsOf(cell);
        });
      }
      return answers;
    },
    close: () => session.close(),
  };
};
