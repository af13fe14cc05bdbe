import type { FitFacts } from "./artefact.ts";
import type { Fitted } from "./fit.ts";
import { peakRate, type FineTunedOptions } from "./options.ts";
import type { LabelledSplit } from "./split-labelled.ts";

function nameTrainable(trainable: FineTunedOptions["trainable"]): string {
  if (trainable === "all") return "the whole model";
  if (trainable === "head") return "the head alone";
  return trainable.last === 1
    ? "the last layer and the head"
    : `the last ${trainable.last} layers and the head`;
}

const HELD_OUT_FROM = {
  validation: "validation texts choose the best epoch",
  labelled: "others are held out to choose the best epoch",
  none: "nothing is held out, so all epochs are made",
};

/** What is about to be done, for whoever waits. */
export function announceFit(
  { training, heldOut, from }: LabelledSplit,
  options: FineTunedOptions,
): string {
  const many = heldOut.length > 0 ? `${heldOut.length} ` : "";
  return (
    `Fine-tuning ${nameTrainable(options.trainable)} on ${training.length} labelled texts; ` +
    `${many}${HELD_OUT_FROM[from]}.`
  );
}

/** How a fit went, for the report. */
export function factsOf(fitted: Fitted, split: LabelledSplit, options: FineTunedOptions): FitFacts {
  const { outcome, epochs, bestEpoch } = fitted;
  const { score, steps, seconds } = outcome;
  const how =
    score === null
      ? `${epochs} epochs, nothing held out`
      : `epoch ${bestEpoch} of ${epochs}, best on ${split.heldOut.length} held-out texts (${(100 * score.agreement).toFixed(1)} %)`;
  return {
    summary: `${nameTrainable(options.trainable)} fine-tuned: ${how}`,
    learningRate: peakRate(options),
    trained: split.training.length,
    heldOut: { texts: split.heldOut.length, from: split.from },
    epochs,
    bestEpoch,
    steps,
    ...(score && { accuracy: score.agreement, logLoss: score.loss }),
    seconds,
  };
}
