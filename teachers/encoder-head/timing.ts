import { join } from "node:path";
import { roundToFloat16 } from "../../src/formats/float16.ts";
import { prepareClassifier } from "../../src/math/softmax-regression/apply.ts";
import type { TeacherKind } from "../../src/types.ts";
import { packRows } from "../transformers/pack.ts";
import { findEncoder, type FoundEncoder } from "./describe.ts";
import { readFittedHead } from "./fitted-head.ts";
import { openTextEncoder, sessionOf } from "./open-encoders.ts";
import { listEncoders, type EncoderHeadOptions } from "./options.ts";

interface TimedEncoder {
  size: number;
  /** `[texts, D]`. */
  encode(texts: readonly string[]): Promise<Float32Array>;
  close(): Promise<void>;
}

async function openEncoder(encoder: FoundEncoder): Promise<TimedEncoder> {
  const { EncoderSession } = await import("../transformers/encoder-session.ts");
  const encodeText = await openTextEncoder(encoder);
  const session = await EncoderSession.load(sessionOf(encoder));
  return {
    size: encoder.folder.size,
    async encode(texts) {
      const rows = packRows(texts.map((text) => ({ ids: encodeText(text) })));
      const vectors = await session.encode(rows, encoder.options.batch);
      roundToFloat16(vectors);
      return vectors;
    },
    close: () => session.close(),
  };
}

/** `[texts, sum of the D]`, each text's vectors one after the other. */
async function encodeJoined(
  encoders: readonly TimedEncoder[],
  texts: readonly string[],
): Promise<Float32Array> {
  const width = encoders.reduce((sum, { size }) => sum + size, 0);
  const joined = new Float32Array(texts.length * width);
  let column = 0;
  for (const encoder of encoders) {
    const { size } = encoder;
    const vectors = await encoder.encode(texts);
    for (let row = 0; row < texts.length; row += 1)
      joined.set(vectors.subarray(row * size, (row + 1) * size), row * width + column);
    column += size;
  }
  return joined;
}

/** The teacher that labelled, on one thread of this process: tokenizer, encoders and stored head. */
export const openForTiming: TeacherKind<EncoderHeadOptions>["openForTiming"] = async (
  options,
  context,
) => {
  const found: FoundEncoder[] = [];
  for (const encoder of listEncoders(options)) found.push(await findEncoder(encoder, context));
  const { head } = await readFittedHead(join(context.labelsFolder, context.digest), found);
  const encoders: TimedEncoder[] = [];
  for (const encoder of found) encoders.push(await openEncoder(encoder));
  const classes = head.bias.length;
  const apply = prepareClassifier(head);
  return {
    async classify(texts) {
      const logits = apply(await encodeJoined(encoders, texts));
      return texts.map((_, row) => logits.slice(row * classes, (row + 1) * classes));
    },
    async close() {
      for (const encoder of encoders) await encoder.close();
    },
  };
};
