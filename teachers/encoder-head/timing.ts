import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError, messageOf } from "../../src/errors.ts";
import { roundToFloat16 } from "../../src/formats/float16.ts";
import { differences, readDescription } from "../../src/labels/description.ts";
import { applyClassifier } from "../../src/math/softmax-regression/fit.ts";
import type { Classifier } from "../../src/math/softmax-regression/loss.ts";
import type { TeacherKind } from "../../src/types.ts";
import { decodeHead, HEAD_FILE } from "./head-file.ts";
import { openModelFolder, type ModelFolder } from "../transformers/model-folder.ts";
import { describeEncoder } from "./describe.ts";
import type { EncoderHeadOptions } from "./options.ts";

/** The head that labelled, from beside its labels. @throws LimbeckError `E_TEACHER` where it is gone or another's. */
async function readHead(
  folder: ModelFolder,
  options: EncoderHeadOptions,
  root: string,
): Promise<Classifier> {
  const path = join(root, HEAD_FILE);
  const lost = (got: string, cause?: unknown) =>
    new LimbeckError(
      "E_TEACHER",
      `Expected the teacher that labelled the texts in ${root}, got ${got}. Label them again: limbeck run RECIPE --from label.`,
      { cause },
    );
  const present = await readDescription(root);
  if (present === null) throw lost("no teacher.json");
  const found = differences(present.description["encoder"], describeEncoder(folder, options));
  if (found.length > 0) throw lost(`a model folder that was changed since: ${found.join("; ")}`);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw lost(messageOf(thrown), thrown);
  }
  return decodeHead(bytes, path, folder.size);
}

/** The teacher that labelled, on one thread of this process: tokenizer, encoder and stored head. */
export const openForTiming: TeacherKind<EncoderHeadOptions>["openForTiming"] = async (
  options,
  context,
) => {
  const folder = await openModelFolder(context.resolve(options.model), options.dtype);
  const head = await readHead(folder, options, join(context.labelsFolder, context.digest));
  const { loadTextEncoder } = await import("../transformers/text-encoder.ts");
  const { EncoderSession } = await import("../transformers/encoder-session.ts");
  const encodeText = await loadTextEncoder(folder.path, options.maxLength);
  const { dtype, normalize } = options;
  const session = await EncoderSession.load({
    folder: folder.path,
    dtype,
    size: folder.size,
    normalize,
  });
  const classes = head.bias.length;
  return {
    async classify(texts) {
      const encoded = texts.map(encodeText);
      const lengths = Int32Array.from(encoded, ({ length }) => length);
      const ids = Int32Array.from(encoded.flatMap((tokens) => [...tokens]));
      const vectors = await session.encode({ ids, lengths }, options.batch);
      roundToFloat16(vectors);
      const logits = applyClassifier(head, vectors);
      return texts.map((_, row) => logits.slice(row * classes, (row + 1) * classes));
    },
    close: () => session.close(),
  };
};
