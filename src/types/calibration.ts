export const CALIBRATIONS = ["none", "temperature", "temperature+bias"] as const;
export type CalibrationMethod = Exclude<(typeof CALIBRATIONS)[number], "none">;

/** How wrong probabilities are: mean negative log-likelihood in nats, expected calibration error 0 to 1. */
export interface CalibrationScores {
  nll: number;
  ece: number;
}

/** `label/calibration.json`: calibrated logits are `z / temperature + bias`. */
export interface CalibrationDetails {
  method: CalibrationMethod;
  temperature: number;
  /** `[C]` in the order of the teacher's labels, sum 0; null for `temperature`. */
  bias: number[] | null;
  /** SHA-256 of all that it was fitted on. */
  digest: string;
  /** Gold labels that it was fitted on: of the validation split, or of the labelled texts by answers that had not seen them. */
  fittedOn: "validation" | "held-out";
  texts: number;
  /** On these texts, each calibrated by a fit on other folds of them. */
  before: CalibrationScores;
  after: CalibrationScores;
}
