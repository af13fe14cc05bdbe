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
  /** Its answer is there already: in a fixed plan it only takes its place beside the others. */
  known?: boolean;
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
  | {
      kind: "progress";
      stage: StageName;
      task: string;
      done: number;
      total: number;
      unit: string;
      /** What else is worth knowing of it just now, such as how many workers there are. */
      detail?: string;
    }
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

// ---- plug-ins --------------------------------------------------------------------------------------------------

export interface LabelledText extends IdentifiedText {
  /** Index into the classes. */
  label: number;
}

export interface TeacherLabel {
  id: TextId;
  /** Raw scores, `[C]`, in the order of `labels`. */
  logits: Float32Array;
  /** What the teacher's `extras` name, such as the probability that fell on no class. */
  extras?: Readonly<Record<string, number>>;
  /** What this answer has cost. */
  paid?: Outlay;
}

/** A text that the teacher was asked about and has no usable answer for. */
export interface SetAside {
  id: TextId;
  /** Why, in words that are the same for all such texts. */
  reason: string;
  paid?: Outlay;
}

export type TeacherAnswer = TeacherLabel | SetAside;

/** What asking costs. */
export interface Outlay {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  /** In `currency`; null where no price is known. */
  money: number | null;
}

/** What leaves the machine, to whom, and for how much: said and agreed to before the first call. */
export interface OutlayPlan extends Outlay {
  currency: string;
  /** Texts that would be asked about. */
  texts: number;
  /** Host that the texts go to, such as `api.example.com`. */
  recipient: string;
  /** Whether the recipient is this machine: nothing leaves it then. */
  local: boolean;
  /** Most that may be spent, in `currency`; null where the recipe sets no ceiling. */
  ceiling: number | null;
}

/** Rows of the teacher's word embeddings, to start a student from. */
export interface TeacherLexicon {
  /** Path of the teacher's tokenizer.json. */
  tokenizer: string;
  /** `[V, D]` float32, dequantized where needed. */
  embeddings(): Promise<{ rows: number; size: number; data: Float32Array }>;
}

/** Answers for labelled texts. */
export interface HeldOutLabels {
  ids: readonly TextId[];
  /** `[ids.length, C]`. */
  logits: Float32Array;
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
  /** Null where it is not known, as of a model on a server. */
  readonly parameters: number | null;
  readonly bytes: number | null;
  /** Longest text in tokens; null where the teacher has no limit of its own. */
  readonly maxLength: number | null;
  readonly facts: Record<string, unknown>;
  /** Files to keep beside the labels, such as the head's weights. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Names of the numbers that come with each answer besides its logits. Default: none. */
  readonly extras?: readonly string[];
  /**
   * `fixed`: a text's logits depend on the texts beside it, so that blocks are laid down beforehand by length and id;
   * `free` (the default): any batch gives the same bits.
   */
  readonly plan?: "free" | "fixed";
  /**
   * Answers for labelled texts by fits that had not seen their labels, for what is fitted on top, such as a
   * calibration. `any`: the teacher has learned from no labelled text, its ordinary answers will do. Null: there are none.
   */
  readonly heldOut: HeldOutLabels | "any" | null;
  /**
   * Whether gold labels of the validation split went into it, as weights or as early stop: what is fitted on top then
   * takes `heldOut`. Default: they did not.
   */
  readonly usesValidation?: boolean;
  /** Whose terms apply to the answers, for the model card; none where the model runs on this machine. */
  readonly provider?: { name: string; url: string };
  /** What labelling these texts would send out and cost: only where it costs anything or anything is sent. */
  estimate?(texts: readonly IdentifiedText[]): Promise<OutlayPlan>;
  /** Order of the answers is free; every text is answered once. */
  label(texts: AsyncIterable<IdentifiedText>, signal: AbortSignal): AsyncIterable<TeacherAnswer>;
  close(): Promise<void>;
}

/** A `teacher` entry of a recipe: its kind, and options that the kind's schema checks. */
export type TeacherEntry = Readonly<Record<string, unknown>> & { kind: string };

/** What finding a teacher's files takes. */
export interface TeacherPlace {
  /** Finds a path of the recipe: beside the recipe, in the working directory, in the package. */
  resolve(path: string): string;
  /** `.limbeck/models`: where downloaded models are kept. */
  modelsFolder: string;
  /** Whether a model that is not there may be downloaded. */
  download: boolean;
  /** Told of a download; nobody is where it is left out. */
  report?: Report;
  /** Ends a download. */
  signal?: AbortSignal;
  /** Another kind with its options checked, for teachers that are made of others. @throws LimbeckError `E_RECIPE` */
  findKind(entry: TeacherEntry): Promise<{ kind: TeacherKind; options: unknown }>;
}

export interface TeacherContext extends TeacherPlace {
  /** Gold labels that may be learned from. */
  labelled: readonly LabelledText[];
  /** Gold labels of a validation split that the recipe names; empty where it names none. */
  validation: readonly LabelledText[];
  classes: readonly string[];
  /** `.limbeck/labels`: where encoder vectors are cached under the encoder's own digest. */
  labelsFolder: string;
  /** Whether vectors are kept there; not so where texts stream through. */
  cache: boolean;
  /** Folder of a label store whose files the teacher is opened from instead of being fitted anew; null: it is fitted. */
  fitted: string | null;
  /** Texts that are to be labelled, where they are known beforehand: what a plan of the outlay counts. */
  corpus?: readonly IdentifiedText[];
  /**
   * Asks whether this may be sent and spent: to be awaited before the first call. Where there is none nothing may leave.
   *
   * @param again - passes where anything was agreed to for that recipient: the amount was asked about before
   * @throws LimbeckError `E_USAGE` or `E_ABORTED` where it may not.
   */
  agree?: (plan: OutlayPlan, again?: "again") => Promise<void>;
  /** Whether held-out answers will be asked for; where not, a teacher may spare the fits that they take. Default: yes. */
  wantsHeldOut?: boolean;
  /** Opens another teacher whose labels go through its own label store. */
  openMember(entry: TeacherEntry): Promise<Teacher>;
  /** Worker threads to use. */
  workers: number;
  seed: number;
  signal: AbortSignal;
  report: Report;
}

/** A teacher for timing beside the students: it answers some texts on one thread, tokenization included. */
export interface TimedTeacher {
  classify(texts: readonly string[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** What a file in teachers/ exports as `teacher`. */
export interface TeacherKind<Options = unknown> {
  /** Options of the recipe's `teacher` key besides `kind`. */
  options: ZodType<Options>;
  /** Whether such a teacher sends texts to another program or costs money; it then asks before its first call. */
  sends?: boolean;
  /** One line for `recipe explain`. */
  summary: string;
  /** SHA-256 over what the options name (model files): part of the label stage's digest. Must be quick. */
  fingerprint(options: Options, place: TeacherPlace): Promise<string>;
  /** Null where the kind has no word vectors: the shipped encoder's serve instead. */
  lexicon(options: Options, place: TeacherPlace): Promise<TeacherLexicon | null>;
  open(options: Options, context: TeacherContext): Promise<Teacher>;
  /** The same teacher for timing; null where it does not run on this machine. */
  openForTiming(
    options: Options,
    context: TeacherPlace & Pick<TeacherContext, "labelsFolder"> & { digest: string },
  ): Promise<TimedTeacher | null>;
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
