import { LimbeckError } from "../../src/errors.ts";
import type { TeacherPlace } from "../../src/types.ts";
import {
  describeModel,
  openClassificationModel,
  type ClassificationModel,
} from "../transformers/classification-model.ts";
import type { PairEncoder } from "../transformers/pair-encoder.ts";
import { findEntailment, type EntailmentColumns } from "./entailment.ts";
import { makeHypotheses, type Hypotheses } from "./hypotheses.ts";
import type { ZeroShotOptions } from "./options.ts";
import type { PairOptions } from "./pairs.ts";

/** Tokens of a text that must fit beside the longest sentence: fewer say nothing. */
const LEAST_ROOM = 8;

/** A model for natural language inference, and what it is asked. */
export interface ZeroShotModel {
  model: ClassificationModel;
  columns: EntailmentColumns;
  hypotheses: Hypotheses;
  /** Everything that changes a logit. */
  description: Record<string, unknown>;
}

/** @throws LimbeckError `E_TEACHER` for a model that is none for inference, or descriptions that do not fit the classes. */
export async function openZeroShotModel(
  options: ZeroShotOptions,
  place: TeacherPlace,
  classes: readonly string[],
): Promise<ZeroShotModel> {
  const model = await openClassificationModel(options, place);
  const { score } = options;
  const columns = findEntailment(model.labels, { score, folder: model.folder.path });
  const hypotheses = makeHypotheses(options, classes);
  const { descriptions, templates } = hypotheses;
  return {
    model,
    columns,
    hypotheses,
    description: {
      kind: "zero-shot",
      format: 1,
      labels: classes,
      descriptions,
      templates,
      score,
      model: describeModel(model, options),
    },
  };
}

/** @throws LimbeckError `E_TEACHER` where a sentence leaves no room for a text. */
export function tokenizeSentences(
  { hypotheses, model }: ZeroShotModel,
  encoder: PairEncoder,
): PairOptions {
  const sentences = hypotheses.sentences.map((sentence) => encoder.tokens(sentence));
  sentences.forEach((tokens, index) => {
    if (encoder.room(tokens.length) >= LEAST_ROOM) return;
    throw new LimbeckError(
      "E_TEACHER",
      `Expected sentences that leave ${LEAST_ROOM} of ${model.maxLength} tokens for the text, got one of ${tokens.length}: ` +
        `${JSON.stringify(hypotheses.sentences[index])}. Shorten its description, or raise teacher.maxLength.`,
    );
  });
  return { encoder, sentences, templates: hypotheses.templates.length };
}
