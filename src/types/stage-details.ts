// What the stages leave in their manifests.
import type { CalibrationDetails } from "./calibration.ts";
import type { Split } from "./texts.ts";

/** `prepare/manifest.json`, `details`. */
export interface PrepareDetails {
  /** Class names in the order of the logits: sorted by code point. */
  classes: string[];
  /** Rows in each split's file. */
  rows: Record<Split, number>;
  /** Where validation comes from: named by the recipe (gold labels, counted in the budget) or held out of transfer (teacher's labels). */
  validation: "gold" | "transfer";
  /** Gold labels that training may read: labelled + a gold validation split. */
  budget: number;
  counts: {
    read: number;
    duplicates: number;
    alsoInEvaluation: number; // texts that left the transfer set since they are in validation or test
    empty: number;
    truncated: number; // over the limit of characters
    perClass: Record<string, { labelled: number; available: number; test: number }>;
  };
  columns: { file: string; text: string; label: string | null; guessed: boolean }[];
  /** Sentences for the report: splits that were made, columns that were guessed. */
  notes: string[];
}

/** `label/manifest.json`, `details`. */
export interface LabelDetails {
  teacher: {
    kind: string;
    digest: string;
    /** Folder of the label store, absolute. */
    store: string;
    labels: string[];
    /** Null where they are not known, as of a model on a server. */
    parameters: number | null;
    bytes: number | null;
    maxLength: number | null;
    /** Kind's own facts, e.g. chosen strength and its cross-validation table. */
    facts: Record<string, unknown>;
    /** `fixed`: logits depend on the batch, blocks were laid down beforehand. */
    plan: "free" | "fixed";
    provider: { name: string; url: string } | null;
  };
  texts: number;
  /** Texts without an answer, how many by reason. */
  missing: Record<string, number>;
  computed: number;
  reused: number;
  /** What is applied to the logits wherever the run reads them; null where the recipe asks for none or none was found. */
  calibration: CalibrationDetails | null;
  notes: string[];
}

/** One independent training: `train/<variant>/seed-<seed>/`. */
export interface TrainedRun {
  /** e.g. `bilstm`, `bilstm-hard-label`, `linear-labels`, `linear-teacher`, `majority`. */
  variant: string;
  role: "student" | "control";
  /** Name in students/, or `linear`, `majority`. */
  kind: string;
  seed: number;
  /** What it was trained on. */
  targets: "soft" | "hard-labels" | "none";
  folder: string; // relative to train/
  steps: number;
  epochs: number;
  bestStep: number;
  validationScore: number | null;
  parameters: number;
  seconds: number;
  options: Record<string, unknown>;
}

/** `train/manifest.json`, `details`. */
export interface TrainDetails {
  runs: TrainedRun[];
  vocabulary: { pieces: number; fullPieces: number; unknownShare: number };
  /** Where the students' token vectors start: `shipped` is the shipped encoder, for teachers without word vectors. */
  embeddings: "teacher" | "shipped" | "random";
  notes: string[];
}
