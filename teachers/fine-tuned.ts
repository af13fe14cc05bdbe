import { digestOf } from "../src/platform/digest.ts";
import type { Teacher, TeacherContext, TeacherKind, TeacherPlace } from "../src/types.ts";
import { checkLabelled } from "./encoder-head/labelled-texts.ts";
import type { Artefact } from "./fine-tuned/artefact.ts";
import {
  fingerprintBase,
  modelError,
  openBaseModel,
  type BaseModel,
} from "./fine-tuned/base-model.ts";
import {
  describeTeacher,
  openStored,
  type FineTunedDescription,
} from "./fine-tuned/describe-teacher.ts";
import { describeFit } from "./fine-tuned/describe.ts";
import { BATCH, labelTexts, sessionOptions } from "./fine-tuned/label-texts.ts";
import { baseLexicon } from "./fine-tuned/lexicon.ts";
import { fineTunedOptions, type FineTunedOptions } from "./fine-tuned/options.ts";
import { splitLabelled } from "./fine-tuned/split-labelled.ts";
import { openForTiming } from "./fine-tuned/timing.ts";
import { textsInFlight } from "./transformers/blocks.ts";
import { resolveModel } from "./transformers/hub/resolve-model.ts";
import { safetensorsFiles } from "./transformers/hub/wanted-files.ts";
import { lazyPool } from "./transformers/lazy-pool.ts";

/** Where the pretrained model lies, downloaded where it is not there and that is allowed. */
async function findModel(options: FineTunedOptions, place: TeacherPlace): Promise<string> {
  const { model, download } = options;
  return (await resolveModel({ model, place, files: safetensorsFiles(), download })).path;
}

async function openModel(options: FineTunedOptions, place: TeacherPlace): Promise<BaseModel> {
  const base = await openBaseModel(await findModel(options, place));
  const { positions } = base.config;
  const { trainable, maxLength } = options;
  if (maxLength > positions) {
    const expected = `max_position_embeddings of teacher.maxLength ${maxLength} or more`;
    throw modelError(base.path, expected, String(positions));
  }
  if (typeof trainable === "object" && trainable.last > base.config.layers) {
    const expected = `${trainable.last} layers or more, which teacher.trainable names`;
    throw modelError(base.path, expected, String(base.config.layers));
  }
  return base;
}

/** Fine-tunes the model, or opens the one that was fine-tuned from the same inputs. */
async function fit(
  options: FineTunedOptions,
  context: TeacherContext,
): Promise<{ artefact: Artefact; description: FineTunedDescription }> {
  const { classes, labelled, validation } = context;
  const base = await openModel(options, context);
  const seed = options.seed ?? context.seed;
  const { holdOut, maxLength } = options;
  const split = splitLabelled({ labelled, validation, holdOut, seed });
  checkLabelled(split.training, classes, "fine-tune the teacher");
  const inputs = describeFit({ base, options, split, classes, seed });
  const digest = digestOf(inputs);
  // Imported here: a stage that is skipped should not pay for the engine.
  const { ensureArtefact } = await import("./fine-tuned/train-artefact.ts");
  const parts = { base, options, split, seed, description: inputs, digest, context };
  const artefact = await ensureArtefact(parts);
  const of = { labels: classes, maxLength, fit: digest, inputs };
  return { artefact, description: describeTeacher(artefact, of) };
}

async function open(options: FineTunedOptions, context: TeacherContext): Promise<Teacher> {
  const { workers, fitted } = context;
  const { artefact, description } =
    fitted === null ? await fit(options, context) : await openStored(fitted, context);
  const { labels, maxLength } = description;
  const classes = labels.length;
  const { loadTextEncoder } = await import("./transformers/text-encoder.ts");
  const encodeText = await loadTextEncoder(artefact.folder, maxLength);
  const pool = lazyPool(sessionOptions(artefact, classes), { workers, batch: BATCH });
  return {
    description,
    digest: digestOf(description),
    labels,
    capacity: textsInFlight(workers),
    parameters: artefact.parameters,
    bytes: artefact.bytes,
    maxLength,
    facts: { ...artefact.facts, model: artefact.folder },
    files: {},
    heldOut: artefact.heldOut,
    // A gold validation split chose the best epoch.
    usesValidation: context.validation.length > 0,
    label: (texts, signal) =>
      labelTexts(texts, { pool: pool.open, workers, signal, encodeText, classes }),
    close: pool.close,
  };
}

/** A BERT that our engine fine-tunes on the labelled texts. */
export const teacher: TeacherKind<FineTunedOptions> = {
  options: fineTunedOptions,
  summary: "a pretrained BERT that is fine-tuned on the labelled texts",
  fingerprint: async (options, place) => fingerprintBase(await findModel(options, place)),
  lexicon: async (options, place) => baseLexicon(await openModel(options, place)),
  open,
  openForTiming,
};
