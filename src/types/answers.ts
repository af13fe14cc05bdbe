import type { Outlay } from "./outlay.ts";
import type { TextId } from "./texts.ts";

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

/** Answers for labelled texts. */
export interface HeldOutLabels {
  ids: readonly TextId[];
  /** `[ids.length, C]`. */
  logits: Float32Array;
}
