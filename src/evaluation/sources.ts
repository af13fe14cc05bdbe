import type { TextRow, TrainedRun } from "../types.ts";

/** The teacher's logits of some texts, `[N, C]`, calibrated where the recipe asks for it. */
export interface TeacherAnswers {
  logits: Float32Array;
  /** Positions of the texts that it left unanswered, whose rows mean nothing. */
  missing: Int32Array;
  /** The logits before calibration; null where there is none. */
  uncalibrated: Float32Array | null;
}

/** Where an evaluation gets what it compares. All logits are `[N, C]` float32 in the order of the texts asked for. */
export interface EvaluationSources {
  testTexts(): Promise<readonly TextRow[]>;
  teacherAnswers(ids: readonly string[]): Promise<TeacherAnswers>;
  systemLogits(run: TrainedRun, texts: readonly string[]): Promise<Float32Array>;
}
