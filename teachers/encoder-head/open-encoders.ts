import { openLabelStore } from "../../src/labels/label-store.ts";
import { LimbeckError } from "../../src/errors.ts";
import { digestOf } from "../../src/platform/digest.ts";
import type { TeacherContext } from "../../src/types.ts";
import { lazyPool } from "../transformers/lazy-pool.ts";
import type { SessionOptions } from "../transformers/encoder-session.ts";
import type { EncodeText } from "../transformers/text-encoder.ts";
import { CachedEncoder } from "./cached-encoder.ts";
import type { FoundEncoder } from "./describe.ts";
import { JoinedEncoders } from "./joined-encoders.ts";
import { StreamingEncoder } from "./streaming-encoder.ts";
import type { VectorSource } from "./vector-source.ts";

/** What an encoder's session is opened with. */
export function sessionOf({ folder, description, fixed }: FoundEncoder): SessionOptions {
  const { dtype, pooling, normalize } = description;
  return { folder: folder.path, dtype, size: folder.size, pooling, normalize, fixed };
}

/**
 * The encoder's tokenizer, which puts the prefix before every text.
 *
 * @throws LimbeckError `E_TEACHER` where the prefix leaves no room for a text.
 */
export async function openTextEncoder({ folder, options }: FoundEncoder): Promise<EncodeText> {
  // Imported here: a stage that is skipped should not pay half a second for it.
  const { loadTextEncoder } = await import("../transformers/text-encoder.ts");
  const { prefix, maxLength } = options;
  const encode = await loadTextEncoder(folder.path, maxLength);
  if (prefix === "") return encode;
  const own = encode(prefix).length;
  if (own >= maxLength) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected the prefix ${JSON.stringify(prefix)} to leave room for a text in ${maxLength} tokens, got ${own} tokens with it alone. ` +
        "Shorten teacher.prefix, or raise teacher.maxLength.",
    );
  }
  return (text) => encode(prefix + text);
}

/** An encoder, with its cache of vectors where they are kept; loads nothing but the tokenizer until a vector is missing. */
async function openEncoder(encoder: FoundEncoder, context: TeacherContext): Promise<VectorSource> {
  const { labelsFolder, workers, report, cache } = context;
  const encodeText = await openTextEncoder(encoder);
  const { description, folder, fixed, options } = encoder;
  const pool = lazyPool(sessionOf(encoder), { workers, batch: options.batch });
  const parts = { encodeText, pool, workers, fixed };
  if (!cache) return new StreamingEncoder(parts);
  const store = await openLabelStore({
    folder: labelsFolder,
    description,
    digest: digestOf(description),
    width: folder.size,
    dtype: "float16",
  });
  for (const message of store.notes) report({ kind: "warning", stage: "label", message });
  return new CachedEncoder(store, parts);
}

/** All encoders of a teacher as one. */
export async function openEncoders(
  encoders: readonly FoundEncoder[],
  context: TeacherContext,
): Promise<VectorSource> {
  const opened: { source: VectorSource; size: number }[] = [];
  try {
    for (const encoder of encoders)
      opened.push({ source: await openEncoder(encoder, context), size: encoder.folder.size });
  } catch (thrown) {
    for (const { source } of opened) await source.close();
    throw thrown;
  }
  const fixed = encoders.some((encoder) => encoder.fixed);
  return opened.length === 1 ? opened[0]!.source : new JoinedEncoders(opened, fixed);
}

/**
 * The encoders for fitting a head. Where a vector depends on its neighbours, each labelled text is encoded alone and not
 * kept: the vectors in the cache are those that the texts have among the others of their range, whichever were labelled.
 */
export async function withFittingEncoders<Result>(
  encoders: readonly FoundEncoder[],
  own: VectorSource,
  context: TeacherContext,
  work: (source: VectorSource) => Promise<Result>,
): Promise<Result> {
  if (!encoders.some(({ fixed }) => fixed)) return work(own);
  const alone = encoders.map((one) => ({ ...one, options: { ...one.options, batch: 1 } }));
  const source = await openEncoders(alone, { ...context, cache: false });
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}
