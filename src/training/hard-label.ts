import type { CompiledProgram } from "../engine/types.ts";
import { splitFold, stratifiedFolds } from "../math/folds.ts";
import { makeSteps, type StepPlan } from "../fitting/steps.ts";
import { selectRows, type TrainingSet } from "../fitting/training-set.ts";
import {
  isBetter,
  validate,
  type Validation,
  type ValidationScore,
} from "../fitting/validation.ts";

/** One way to train that was tried. */
export interface Candidate {
  learningRate: number;
  steps: number;
  score: ValidationScore;
}

/** How the hard-label control is trained, and what it was chosen from. */
export interface HardLabelChoice {
  learningRate: number;
  steps: number;
  /** Texts that were held out to choose; 0 where there were none, and nothing was chosen. */
  heldOut: number;
  /** In the order of trial. */
  table: Candidate[];
}

export interface ChooseOptions {
  /** Freshly started; its state is restored before each trial. */
  program: CompiledProgram;
  /** The labelled texts, and no others. */
  set: TrainingSet;
  /** A validation split with gold labels that the recipe bought; without it a fifth of the labels is held out. */
  validation: TrainingSet | null;
  /** As the distilled student's: `learningRate` and `steps` are where the search starts and its largest number. */
  plan: StepPlan;
  seed: number;
  /** Trials of an earlier, interrupted choice. */
  known: readonly Candidate[];
  /** After each step; throws to stop. */
  onStep: (loss: number) => Promise<void>;
  onCandidate: (table: readonly Candidate[]) => Promise<void>;
}

/** Folds of the labelled texts; one of them is held out. */
const FOLDS = 5;
/** Few texts take, and need, larger steps than many. */
const RATES = [1, 2.5] as const;
/** The first number of steps is the distilled student's divided by this. */
const SHORTEST = 8;

/**
 * Chooses learning rate and number of steps of the hard-label control on gold labels alone, so that it is no straw
 * man: both rates at an eighth of the distilled student's steps, then the better rate at twice the steps for as long
 * as that scores better, at most as many as the distilled student makes.
 *
 * The search costs about one distilled run; the winner is then trained on all labelled texts.
 */
export async function chooseHardLabelTraining(options: ChooseOptions): Promise<HardLabelChoice> {
  const { plan } = options;
  const parts = holdOut(options);
  const shortest = Math.max(1, Math.ceil(plan.steps / SHORTEST));
  if (parts === null)
    return { learningRate: plan.learningRate, steps: shortest, heldOut: 0, table: [] };
  const trial = await makeTrial(options, parts);
  let best: Candidate | null = null;
  for (const factor of RATES) {
    const candidate = await trial(factor * plan.learningRate, shortest);
    if (best === null || isBetter(candidate.score, best.score, "gold")) best = candidate;
  }
  for (let steps = 2 * shortest; steps < 2 * plan.steps; steps *= 2) {
    const longer = await trial(best!.learningRate, Math.min(steps, plan.steps));
    if (!isBetter(longer.score, best!.score, "gold")) break;
    best = longer;
  }
  const { learningRate, steps } = best!;
  return { learningRate, steps, heldOut: parts.heldOut.rows, table: trial.table };
}

/** Steps of all trials together if the third doubling is not reached: what a progress bar may promise. */
export function expectedChoiceSteps(steps: number): number {
  const shortest = Math.max(1, Math.ceil(steps / SHORTEST));
  return Math.min(RATES.length * shortest + 6 * shortest, RATES.length * shortest + 3 * steps);
}

function holdOut({
  set,
  validation,
  seed,
}: ChooseOptions): { training: TrainingSet; heldOut: TrainingSet } | null {
  if (validation) return { training: set, heldOut: validation };
  const { training, heldOut } = splitFold(stratifiedFolds(set.labels, FOLDS, seed), 0);
  if (heldOut.length === 0) return null;
  return { training: selectRows(set, training), heldOut: selectRows(set, heldOut) };
}

/** Trains from the start and scores on the held-out texts; a trial that is known is not made again. */
async function makeTrial(
  options: ChooseOptions,
  { training, heldOut }: { training: TrainingSet; heldOut: TrainingSet },
) {
  const { program, plan, known, onStep, onCandidate } = options;
  const start = await program.saveState();
  const validation: Validation = { set: heldOut, against: "gold", temperature: 1 };
  const table: Candidate[] = [];
  const trial = async (learningRate: number, steps: number): Promise<Candidate> => {
    let candidate = known.find((row) => row.learningRate === learningRate && row.steps === steps);
    if (candidate === undefined) {
      await program.loadState(start);
      await makeSteps(program, training, { ...plan, learningRate, steps }, 0, async ({ loss }) => {
        await onStep(loss);
        return false;
      });
      candidate = { learningRate, steps, score: await validate(program, validation) };
    }
    table.push(candidate);
    await onCandidate(table);
    return candidate;
  };
  return Object.assign(trial, { table });
}
