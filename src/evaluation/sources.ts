import type { TextRow, TrainedRun } from "../types.ts";

/** Where an evaluation gets what it compares. All logits are `[N, C]` float32 in the order of the texts asked for. */
export interface EvaluationSources {
  testTexts(): Promise<readonly TextRow[]>;
  teacherLogits(ids: readonly string[]): Promise<Float32Array>;
  systemLogits(run: TrainedRun, texts: readonly string[]): Promise<Float32Array>;
}
