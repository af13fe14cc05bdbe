import { prepareClassifier } from "../src/math/softmax-regression/apply.ts";
import type { Classifier } from "../src/math/softmax-regression/loss.ts";
import { digestOf } from "../src/platform/digest.ts";
import type {
  IdentifiedText,
  Teacher,
  TeacherContext,
  TeacherKind,
  TeacherLabel,
  TeacherPlace,
} from "../src/types.ts";
import { findEncoder, type FoundEncoder } from "./encoder-head/describe.ts";
import { HEAD_FILE } from "./encoder-head/head-file.ts";
import { checkLabelled } from "./encoder-head/labelled-texts.ts";
import { openEncoders, withFittingEncoders } from "./encoder-head/open-encoders.ts";
import {
  encoderHeadOptions,
  listEncoders,
  type EncoderHeadOptions,
} from "./encoder-head/options.ts";
import { fitHeadOn, readHead, type ReadyHead } from "./encoder-head/prepare-head.ts";
import { openForTiming } from "./encoder-head/timing.ts";
import type { VectorSource } from "./encoder-head/vector-source.ts";
import { textsInFlight } from "./transformers/blocks.ts";
import { countParameters, openLexicon } from "./transformers/lexicon.ts";
import { checkTokenizerFit } from "./transformers/tokenizer-fit.ts";

async function findEncoders(
  options: EncoderHeadOptions,
  place: TeacherPlace,
): Promise<FoundEncoder[]> {
  const found: FoundEncoder[] = [];
  for (const encoder of listEncoders(options)) found.push(await findEncoder(encoder, place));
  return found;
}

/** What changes a logit: kept with the labels, so that those of two teachers can be told apart. */
function describeTeacher(encoders: readonly FoundEncoder[], { labels, digest }: ReadyHead) {
  const described = encoders.map(({ description }) => description);
  return { kind: "encoder-head", format: 2, labels, head: digest, encoders: described };
}

async function* labelTexts(
  encoder: VectorSource,
  head: Classifier,
  texts: AsyncIterable<IdentifiedText>,
  signal: AbortSignal,
): AsyncGenerator<TeacherLabel> {
  const classes = head.bias.length;
  const apply = prepareClassifier(head);
  for await (const { ids, vectors } of encoder.vectors(texts, signal)) {
    const logits = apply(vectors);
    for (const [row, id] of ids.entries())
      yield { id, logits: logits.subarray(row * classes, (row + 1) * classes) };
  }
}

/** Tells of encoders whose vectors depend a little on the texts beside a text. */
function warnOfBatches(encoders: readonly FoundEncoder[], { report }: TeacherContext): void {
  const files = encoders.filter(({ fixed }) => fixed).map(({ folder }) => folder.weights);
  for (const file of new Set(files)) {
    const message =
      `${file} quantizes whole batches as it runs: a text's logits depend a little on the texts beside it, ` +
      "so texts are labelled in blocks that are laid down beforehand. An fp32 file (teacher.dtype: fp32), or one that " +
      "is quantized by rows, has no such limit.";
    report({ kind: "warning", stage: "label", message });
  }
}

/** Warns of an encoder whose tokenizer does not know the language of the texts. */
async function checkFits(
  encoders: readonly FoundEncoder[],
  { labelled, report }: TeacherContext,
): Promise<void> {
  for (const { folder, options } of encoders)
    await checkTokenizerFit({ folder: folder.path, model: options.model, texts: labelled, report });
}

async function open(options: EncoderHeadOptions, context: TeacherContext): Promise<Teacher> {
  const { classes, workers, fitted } = context;
  if (fitted === null) checkLabelled(context.labelled, classes);
  const encoders = await findEncoders(options, context);
  warnOfBatches(encoders, context);
  const size = encoders.reduce((sum, { folder }) => sum + folder.size, 0);
  const encoder = await openEncoders(encoders, context);
  try {
    await checkFits(encoders, context);
    const head =
      fitted === null
        ? await withFittingEncoders(encoders, encoder, context, (source) =>
            fitHeadOn(source, size, options, context),
          )
        : await readHead(fitted, encoders);
    const description = describeTeacher(encoders, head);
    return {
      description,
      digest: digestOf(description),
      labels: head.labels,
      capacity: textsInFlight(workers),
      ...(await measure(encoders, head)),
      facts: head.facts,
      files: { [HEAD_FILE]: head.file },
      plan: encoders.some(({ fixed }) => fixed) ? "fixed" : "free",
      heldOut: head.heldOut,
      label: (texts, signal) => labelTexts(encoder, head, texts, signal),
      close: () => encoder.close(),
    };
  } catch (thrown) {
    await encoder.close();
    throw thrown;
  }
}

/** Sizes of the whole teacher; an encoder that is used twice, such as with two prefixes, counts once. */
async function measure(encoders: readonly FoundEncoder[], head: ReadyHead) {
  const folders = new Map(encoders.map(({ folder }) => [folder.weights, folder]));
  let parameters = head.weights.length + head.bias.length;
  let bytes = head.file.length;
  for (const folder of folders.values()) {
    parameters += await countParameters(folder);
    bytes += folder.bytes;
  }
  const maxLength = Math.max(...encoders.map(({ options }) => options.maxLength));
  return { parameters, bytes, maxLength };
}

/** A frozen encoder, or several, and a multinomial logistic regression on their vectors: feature-based transfer. */
export const teacher: TeacherKind<EncoderHeadOptions> = {
  options: encoderHeadOptions,
  summary: "a frozen encoder with a logistic regression fitted on the labelled texts",
  fingerprint: async (options, place) =>
    digestOf((await findEncoders(options, place)).map(({ description }) => description)),
  lexicon: async (options, place) =>
    openLexicon((await findEncoder(listEncoders(options)[0]!, place)).folder),
  open,
  openForTiming,
};
