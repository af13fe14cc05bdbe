import { join } from "node:path";
import type { TeacherKind } from "../../src/types.ts";
import { packRows } from "../transformers/pack.ts";
import { openStored } from "./describe-teacher.ts";
import { BATCH, sessionOptions } from "./label-texts.ts";
import type { FineTunedOptions } from "./options.ts";

/** The teacher that labelled, on one thread of this process, tokenization included. */
export const openForTiming: TeacherKind<FineTunedOptions>["openForTiming"] = async (
  _options,
  context,
) => {
  const { labelsFolder, digest } = context;
  const { artefact, description } = await openStored(join(labelsFolder, digest), context);
  const { loadTextEncoder } = await import("../transformers/text-encoder.ts");
  const { LogitsSession } = await import("../transformers/logits-session.ts");
  const encodeText = await loadTextEncoder(artefact.folder, description.maxLength);
  const classes = description.labels.length;
  const session = await LogitsSession.load(sessionOptions(artefact, classes));
  return {
    async classify(texts) {
      const block = packRows(texts.map((text) => ({ ids: encodeText(text) })));
      const rows = await session.encode(block, BATCH);
      return texts.map((_, row) => rows.slice(row * classes, (row + 1) * classes));
    },
    close: () => session.close(),
  };
};
