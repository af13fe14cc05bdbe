import {
  chooseStrength,
  type HeldOutLogits,
  type StrengthChoice,
} from "../../src/math/softmax-regression/choose-strength.ts";
import {
  fitSoftmaxRegression,
  type FittedClassifier,
} from "../../src/math/softmax-regression/fit.ts";
import {
  DenseLoss,
  type Classifier,
  type LabelledVectors,
} from "../../src/math/softmax-regression/loss.ts";
import { sha256 } from "../../src/platform/digest.ts";
import { encodeHead } from "./head-file.ts";

/** C where nothing can be held out, since no class has two texts: few texts per class, vectors of length 1. */
const DEFAULT_STRENGTH = 20;
/** Of the head that is kept: ten times as tight as the fits that only choose its strength. */
const GRADIENT_TOLERANCE = 1e-6;

export interface Head extends Classifier {
  /** `head.safetensors`. */
  file: Uint8Array;
  digest: string;
  /** How it came about, for the report. */
  facts: Record<string, unknown>;
  warnings: string[];
  /** Logits of the labelled texts by fits that had not seen them; null where no class has two texts. */
  heldOut: HeldOutLogits | null;
}

export interface FitHeadOptions {
  strength: "auto" | number;
  /** Whether a strength that is named is cross-validated for the held-out answers alone. */
  wantsHeldOut: boolean;
  classes: number;
  seed: number;
  signal: AbortSignal;
  progress: (done: number, total: number) => void;
}

interface Strength {
  strength: number;
  choice: StrengthChoice | null;
  source: string;
}

/** A strength that the recipe names is not chosen; held-out answers may be wanted all the same. */
async function strengthOf(
  loss: DenseLoss,
  data: LabelledVectors,
  { strength, wantsHeldOut, seed, signal, progress }: FitHeadOptions,
): Promise<Strength> {
  if (strength !== "auto" && !wantsHeldOut) return { strength, choice: null, source: "recipe" };
  const strengths = strength === "auto" ? {} : { strengths: [strength] };
  const choice = await chooseStrength(loss, data, { ...strengths, seed, signal, progress });
  if (strength !== "auto") return { strength, choice, source: "recipe" };
  if (choice !== null) return { strength: choice.strength, choice, source: "cross-validation" };
  return { strength: DEFAULT_STRENGTH, choice, source: "default: no class has two labelled texts" };
}

function summarize(strength: number, choice: StrengthChoice | null, source: string): string {
  const score = choice?.scores.find((one) => one.strength === strength);
  if (choice === null || score === undefined) return `head's C = ${strength} (${source})`;
  const percent = (100 * score.accuracy).toFixed(1);
  const by = source === "recipe" ? "of the recipe," : "by";
  return `head's C = ${strength} ${by} ${choice.folds}-fold cross-validation (${percent} %)`;
}

function describeFit(fitted: FittedClassifier, tolerance: number): Record<string, unknown> {
  const { iterations, converged, gradientSize } = fitted;
  return { iterations, converged, gradientSize, gradientTolerance: tolerance };
}

/** Fits the head on labelled vectors, at a strength that cross-validation chooses where the recipe names none. */
export async function fitHead(data: LabelledVectors, options: FitHeadOptions): Promise<Head> {
  const { classes, signal } = options;
  const features = data.vectors.length / data.labels.length;
  const loss = await DenseLoss.compile({ features, classes });
  try {
    const started = performance.now();
    const { strength, choice, source } = await strengthOf(loss, data, options);
    const chosen = performance.now();
    const fitted = await fitSoftmaxRegression(loss.on(data), {
      strength,
      gradientTolerance: GRADIENT_TOLERANCE,
      signal,
    });
    const file = encodeHead(fitted);
    const facts = {
      summary: summarize(strength, choice, source),
      strength,
      strengthFrom: source,
      ...(choice && { folds: choice.folds, crossValidation: choice.scores }),
      fit: describeFit(fitted, GRADIENT_TOLERANCE),
      seconds: {
        crossValidation: (chosen - started) / 1000,
        fit: (performance.now() - chosen) / 1000,
      },
    };
    const warnings = fitted.converged
      ? []
      : [
          `The head's fit stopped before it converged: its gradient is ${fitted.gradientSize.toExponential(1)}, ` +
            `${GRADIENT_TOLERANCE.toExponential(0)} was asked for. A smaller teacher.strength converges sooner.`,
        ];
    return {
      weights: fitted.weights,
      bias: fitted.bias,
      file,
      digest: sha256(file),
      facts,
      warnings,
      heldOut: choice?.heldOut ?? null,
    };
  } finally {
    await loss.dispose();
  }
}
