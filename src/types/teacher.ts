import type { HeldOutLabels, TeacherAnswer } from "./answers.ts";
import type { OutlayPlan } from "./outlay.ts";
import type { IdentifiedText } from "./texts.ts";

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

/** A teacher for timing beside the students: it answers some texts on one thread, tokenization included. */
export interface TimedTeacher {
  classify(texts: readonly string[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}
