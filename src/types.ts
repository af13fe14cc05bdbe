import type * as tf from "@tensorflow/tfjs";
import type { ZodType } from "zod";
import type { ParameterSpec, ProgramContext, Tensors } from "./engine/types.ts";

// ---- texts ---------------------------------------------------------------------------------------------------

/** First 128 bits of SHA-256 over the NFC-normalised UTF-8 text, as 32 lower-case hexadecimal digits. */
export type TextId = string;

export interface TextRow {
  id: TextId;
  text: string;
  /** The gold label, or null where there is none or it was not bought. */
  label: string | null;
}

export interface IdentifiedText {
  id: TextId;
  text: string;
}

export const SPLITS = ["labelled", "transfer", "validation", "test"] as const;
/** labelled: bought gold labels · transfer: no labels · validation: see PrepareDetails · test: gold labels, read by evaluate only. */
export type Split = (typeof SPLITS)[number];

// ---- stages --------------------------------------------------------------------------------------------------

export const STAGES = ["prepare", "label", "train", "evaluate", "export", "report"] as const;
export type StageName = (typeof STAGES)[number];

/** Written last: its presence means that the stage is complete. */
export interface StageManifest<Details = unknown> {
  schema: "limbeck.stage/1";
  stage: StageName;
  /** SHA-256 over everything that the stage's output depends on. */
  digest: string;
  finishedAt: string;
  seconds: number;
  /** SHA-256 of each file that the stage wrote, by path relative to the stage's folder. */
  files: Record<string, string>;
  details: Details;
}

export type ProgressEvent =
  | { kind: "stage-start"; stage: StageName; message: string }
  | { kind: "stage-skip"; stage: StageName; message: string }
  | { kind: "stage-end"; stage: StageName; seconds: number; message: string }
  | { kind: "progress"; stage: StageName; task: string; done: number; total: number; unit: string }
  | { kind: "note"; stage: StageName; message: string }
  | { kind: "warning"; stage: StageName; message: string };

export type Report = (event: ProgressEvent) => void;

// ---- what the stages leave on disk -----------------------------------------------------------------------------

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
    parameters: number;
    bytes: number;
    maxLength: number;
    /** Kind's own facts, e.g. chosen strength and its cross-validation table. */
    facts: Record<string, unknown>;
  };
  texts: number;
  computed: number;
  reused: number;
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
  embeddings: "teacher" | "random";
  notes: string[];
}

// ---- plug-ins --------------------------------------------------------------------------------------------------

export interface LabelledText extends IdentifiedText {
  /** Index into the classes. */
  label: number;
}

export interface TeacherLabel {
  id: TextId;
  /** Raw scores, `[C]`, in the order of `labels`. */
  logits: Float32Array;
}

/** Rows of the teacher's word embeddings, to start a student from. */
export interface TeacherLexicon {
  /** Path of the teacher's tokenizer.json. */
  tokenizer: string;
  /** `[V, D]` float32, dequantized where needed. */
  embeddings(): Promise<{ rows: number; size: number; data: Float32Array }>;
}

/** A teacher that is ready to label. */
export interface Teacher {
  /** Everything that changes a logit; becomes teacher.json. */
  readonly description: Record<string, unknown>;
  /** SHA-256 of the canonical JSON of `description`. */
  readonly digest: string;
  /** Class names in the order of the logits. */
  readonly labels: readonly string[];
  /** Texts that it works on at a time: a hint for those who feed it. */
  readonly capacity: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly maxLength: number;
  readonly facts: Record<string, unknown>;
  /** Files to keep beside the labels, such as the head's weights. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Order of the answers is free; every text is answered once. */
  label(texts: AsyncIterable<IdentifiedText>, signal: AbortSignal): AsyncIterable<TeacherLabel>;
  close(): Promise<void>;
}

export interface TeacherContext {
  labelled: readonly LabelledText[];
  classes: readonly string[];
  /** Finds a path of the recipe: beside the recipe, in the working directory, in the package. */
  resolve(path: string): string;
  /** `.limbeck/labels`: where encoder vectors are cached under the encoder's own digest. */
  labelsFolder: string;
  /** Worker threads to use. */
  workers: number;
  seed: number;
  signal: AbortSignal;
  report: Report;
}

/** What a file in teachers/ exports as `teacher`. */
export interface TeacherKind<Options = unknown> {
  /** Options of the recipe's `teacher` key besides `kind`. */
  options: ZodType<Options>;
  /** One line for `recipe explain`. */
  summary: string;
  /** SHA-256 over what the options name (model files): part of the label stage's digest. Must be quick. */
  fingerprint(options: Options, resolve: (path: string) => string): Promise<string>;
  lexicon(options: Options, resolve: (path: string) => string): Promise<TeacherLexicon | null>;
  open(options: Options, context: TeacherContext): Promise<Teacher>;
  /**
   * The same teacher as something that answers one text at a time on one thread, for timing beside the students:
   * tokenization included.
   */
  openForTiming(
    options: Options,
    context: Pick<TeacherContext, "resolve" | "labelsFolder"> & { digest: string },
  ): Promise<{
    classify(texts: readonly string[]): Promise<Float32Array[]>;
    close(): Promise<void>;
  }>;
}

export interface StudentSizes {
  /** Width of the embedding table. */
  embedding: number;
  classes: number;
  /** Longest input in tokens. */
  maxLength: number;
}

/** What a file in students/ exports as `student`. One definition in TensorFlow.js operations, three uses. */
export interface Student<Options = unknown> {
  /** Options of the recipe's `student` key besides `kind` and `embedding`. */
  options: ZodType<Options>;
  summary: string;
  output: "classes";
  parameters(options: Options, sizes: StudentSizes): ParameterSpec[];
  /**
   * @param inputs - `embedded` `[B, L, D]`, `mask` `[B, L]` (1 = token, 0 = padding), float32.
   * @returns `output`: logits `[B, C]`. Padding must not change a text's logits by more than 1e-6.
   */
  forward(
    parameters: Tensors,
    inputs: { embedded: tf.Tensor3D; mask: tf.Tensor2D },
    context: ProgramContext,
    options: Options,
    sizes: StudentSizes,
  ): { output: tf.Tensor2D; hidden?: tf.Tensor3D[] };
}

/** What a file in datasets/ exports as `dataset`: where a named source's files lie. */
export interface Dataset {
  summary: string;
  licence: string;
  /** Paths in the package, by split. */
  files(): { train: string[]; test?: string[]; validation?: string[]; unlabeled?: string[] };
  columns: { text: string; label: string };
  /** SHA-256 of each file, checked before use. */
  hashes: Readonly<Record<string, string>>;
}
