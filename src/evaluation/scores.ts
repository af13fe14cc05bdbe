import type { CalibrationScores } from "../types.ts";
import type { BinaryTest } from "./mcnemar.ts";
import type { Interval } from "./percentile.ts";

/** The measures of a system, in the order in which tables show them. */
export const MEASURES = [
  "accuracy",
  "macroPrecision",
  "macroRecall",
  "macroF1",
  "auc",
  "agreement",
  "nll",
  "brier",
  "ece",
] as const;
export type Measure = (typeof MEASURES)[number];

/** Measures of one set of predictions; null where a measure is not defined (no gold label, a single class). */
export type MeasureValues = Record<Measure, number | null>;

/** Mean over the seeds, its bootstrap interval over texts, and the sample deviation over the seeds (n − 1). */
export interface MeasureSummary extends Interval {
  deviation: number | null;
}

export interface ClassScore {
  label: string;
  /** Gold texts of this class. */
  texts: number;
  predicted: number;
  precision: number;
  recall: number;
  f1: number;
}

export interface Confusion {
  gold: string;
  predicted: string;
  texts: number;
  /** Share of the gold class's texts. */
  share: number;
}

export interface ReliabilityBin {
  /** The bin holds confidences in `(from, to]`. */
  from: number;
  to: number;
  texts: number;
  /** Mean confidence and accuracy of the texts in the bin; null where it is empty. */
  confidence: number | null;
  accuracy: number | null;
}

export interface SystemScores {
  name: string;
  role: "teacher" | "student" | "control";
  kind: string;
  /** Name of the student that it belongs to, or of itself. */
  variant: string;
  targets: "gold" | "soft" | "hard-labels" | "none";
  seeds: { seed: number; measures: MeasureValues }[];
  measures: Record<Measure, MeasureSummary | null>;
  /** The seed whose details stand below: the one that is exported. */
  exportedSeed: number;
  /** Details of the exported seed; empty without gold labels. */
  reliability: ReliabilityBin[];
  perClass: ClassScore[];
  confusions: Confusion[];
}

export type GapClosed = Interval | { value: null; reason: string };

/** A student held against everything else, on the same resamples. */
export interface Comparison {
  student: string;
  /** Its hard-label control, where the recipe has one. */
  control: string | null;
  /** Student minus the other system, by the other's name. */
  differences: Record<string, Record<Measure, Interval | null>>;
  /** Exported seed of the student against the control of the same seed. */
  mcnemar: (BinaryTest & { seed: number; studentOnly: number; controlOnly: number }) | null;
  gapClosed: GapClosed;
}

/** What calibration does to the teacher's probabilities on the test texts. */
export interface TestCalibration {
  before: CalibrationScores;
  after: CalibrationScores;
}

/** `evaluate/scores.json`. */
export interface Scores {
  schema: "limbeck.scores/1";
  test: {
    /** Texts that the systems were compared on. */
    texts: number;
    labelled: number;
    classes: string[];
    absentClasses: string[];
    /** Test texts that the teacher left unanswered. */
    unanswered: number;
  };
  method: { resamples: number; confidence: number; seed: number; bins: number };
  systems: SystemScores[];
  comparisons: Comparison[];
  /** Null where the teacher is not calibrated or the test texts have no labels. */
  calibration: TestCalibration | null;
  notes: string[];
}
