import { openLabelStore } from "../src/labels/label-store.ts";
import { applyClassifier } from "../src/math/softmax-regression/fit.ts";
import type { Classifier } from "../src/math/softmax-regression/loss.ts";
import { digestOf } from "../src/platform/digest.ts";
import type {
  IdentifiedText,
  Teacher,
  TeacherContext,
  TeacherKind,
  TeacherLabel,
} from "../src/types.ts";
import { BLOCK_TEXTS } from "./transformers/blocks.ts";
import { CachedEncoder } from "./encoder-head/cached-encoder.ts";
import { EncoderPool } from "./transformers/encoder-pool.ts";
import type { Head } from "./encoder-head/head.ts";
import { HEAD_FILE } from "./encoder-head/head-file.ts";
import { checkLabelled, encodeLabelled } from "./encoder-head/labelled-texts.ts";
import { countParameters, dependsOnBatch, openLexicon } from "./transformers/lexicon.ts";
import { describeEncoder } from "./encoder-head/describe.ts";
import {
  fingerprintModel,
  openModelFolder,
  type ModelFolder,
} from "./transformers/model-folder.ts";
import { openForTiming } from "./encoder-head/timing.ts";
import { encoderHeadOptions, type EncoderHeadOptions } from "./encoder-head/options.ts";

/** What changes a vector but no hash of a file shows: kept with the labels, so that both can be told apart. */
function describeTeacher(
  folder: ModelFolder,
  options: EncoderHeadOptions,
  labels: readonly string[],
  head: string,
) {
  return {
    kind: "encoder-head",
    format: 1,
    labels,
    head,
    encoder: describeEncoder(folder, options),
  };
}

/** The encoder with its cache of vectors; loads nothing but the tokenizer until a vector is missing. */
async function openEncoder(
  folder: ModelFolder,
  options: EncoderHeadOptions,
  { labelsFolder, workers, report }: TeacherContext,
  fixed: boolean,
): Promise<CachedEncoder> {
  const description = describeEncoder(folder, options);
  const store = await openLabelStore({
    folder: labelsFolder,
    description,
    digest: digestOf(description),
    width: folder.size,
    dtype: "float16",
  });
  for (const message of store.notes) report({ kind: "warning", stage: "label", message });
  // Imported here, like the engine below: a stage that is skipped should not pay half a second for each.
  const { loadTextEncoder } = await import("./transformers/text-encoder.ts");
  const encodeText = await loadTextEncoder(folder.path, options.maxLength);
  const { dtype, normalize, batch } = options;
  const session = { folder: folder.path, dtype, size: folder.size, normalize };
  return new CachedEncoder(
    store,
    encodeText,
    () => EncoderPool.open(session, workers, batch),
    workers,
    fixed,
  );
}

async function* labelTexts(
  encoder: CachedEncoder,
  head: Classifier,
  texts: AsyncIterable<IdentifiedText>,
  signal: AbortSignal,
): AsyncGenerator<TeacherLabel> {
  const classes = head.bias.length;
  for await (const { ids, vectors } of encoder.vectors(texts, signal)) {
    const logits = applyClassifier(head, vectors);
    for (const [row, id] of ids.entries())
      yield { id, logits: logits.slice(row * classes, (row + 1) * classes) };
  }
}

async function prepareHead(
  encoder: CachedEncoder,
  folder: ModelFolder,
  options: EncoderHeadOptions,
  context: TeacherContext,
): Promise<Head> {
  const { labelled, classes, seed, signal, report } = context;
  const { fitHead } = await import("./encoder-head/head.ts");
  const data = await encodeLabelled(labelled, encoder, folder.size, signal);
  const head = await fitHead(data, {
    strength: options.strength,
    classes: classes.length,
    seed,
    signal,
    progress(done, total) {
      report({
        kind: "progress",
        stage: "label",
        task: "choosing the head's strength",
        done,
        total,
        unit: "fits",
      });
    },
  });
  for (const message of head.warnings) report({ kind: "warning", stage: "label", message });
  return head;
}

async function open(options: EncoderHeadOptions, context: TeacherContext): Promise<Teacher> {
  const { classes, workers, report } = context;
  checkLabelled(context.labelled, classes);
  const folder = await openModelFolder(context.resolve(options.model), options.dtype);
  const fixed = await dependsOnBatch(folder);
  if (fixed) {
    const message =
      `${folder.weights} quantizes whole batches as it runs: a text's logits depend a little on the texts ` +
      "beside it. Prefer an fp32 file (teacher.dtype: fp32) or one that is quantized by rows.";
    report({ kind: "warning", stage: "label", message });
  }
  const encoder = await openEncoder(folder, options, context, fixed);
  try {
    const head = await prepareHead(encoder, folder, options, context);
    const description = describeTeacher(folder, options, classes, head.digest);
    return {
      description,
      digest: digestOf(description),
      labels: classes,
      capacity: 2 * workers * BLOCK_TEXTS,
      parameters: (await countParameters(folder)) + head.weights.length + head.bias.length,
      bytes: folder.bytes + head.file.length,
      maxLength: options.maxLength,
      facts: head.facts,
      files: { [HEAD_FILE]: head.file },
      heldOut: null,
      plan: fixed ? "fixed" : "free",
      label: (texts, signal) => labelTexts(encoder, head, texts, signal),
      close: () => encoder.close(),
    };
  } catch (thrown) {
    await encoder.close();
    throw thrown;
  }
}

/** A frozen encoder and a multinomial logistic regression on its vectors: feature-based transfer. */
export const teacher: TeacherKind<EncoderHeadOptions> = {
  options: encoderHeadOptions,
  summary: "a frozen encoder with a logistic regression fitted on the labelled texts",
  fingerprint: (options, place) => fingerprintModel(place.resolve(options.model), options.dtype),
  lexicon: async (options, place) =>
    openLexicon(await openModelFolder(place.resolve(options.model), options.dtype)),
  open,
  openForTiming,
};
