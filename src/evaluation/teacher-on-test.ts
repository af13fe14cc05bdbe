import type { TestCalibration } from "./scores.ts";
import { confidenceBins, expectedCalibrationError } from "./metrics/calibration.ts";
import { negativeLogLikelihoods } from "./metrics/likelihood.ts";
import {
  largestProbabilities,
  logProbabilities,
  predictedClasses,
} from "./metrics/probabilities.ts";
import type { EvaluationSources } from "./sources.ts";
import { readGold, type TestTexts } from "./test-texts.ts";

/** The texts on which systems are compared, and what the teacher says of them. */
export interface TeacherOnTest {
  test: TestTexts;
  /** `[N, C]`; null where the teacher is not scored. */
  logits: Float32Array | null;
  /** The same before calibration; null where there is none. */
  uncalibrated: Float32Array | null;
  /** Test texts that the teacher left unanswered. */
  unanswered: number;
}

/** Where fewer of the test texts than this have the teacher's answer, the teacher leaves the comparison, not the texts. */
const LEAST_ANSWERED = 0.5;

/**
 * Settles what a teacher that left test texts unanswered is compared on. Systems must be compared on the same texts, and
 * those that a teacher refuses are seldom the easy ones: so all of them are scored on the texts that it answered. Where
 * that would throw most of the test split away, the teacher is left out instead and the others keep every text.
 */
export async function settleTestTexts(
  test: TestTexts,
  sources: Pick<EvaluationSources, "teacherAnswers">,
  classes: readonly string[],
): Promise<TeacherOnTest> {
  if (test.rows.length === 0) return { test, logits: null, uncalibrated: null, unanswered: 0 };
  const ids = test.rows.map((row) => row.id);
  const { logits, missing, uncalibrated } = await sources.teacherAnswers(ids);
  const unanswered = missing.length;
  const texts = test.rows.length;
  if (unanswered === 0) return { test, logits, uncalibrated, unanswered };
  const count = (value: number): string => value.toLocaleString("en-US");
  if (unanswered > (1 - LEAST_ANSWERED) * texts) {
    const answered = unanswered === texts ? "none" : `only ${count(texts - unanswered)}`;
    const note = `The teacher answered ${answered} of ${count(texts)} test texts and is not scored: there is no agreement with it and no gap to close.`;
    const kept = { ...test, notes: [...test.notes, note] };
    return { test: kept, logits: null, uncalibrated: null, unanswered };
  }
  const gaps = new Set(missing);
  const kept = [...test.rows.keys()].filter((position) => !gaps.has(position));
  const again = readGold(
    kept.map((position) => test.rows[position]!),
    classes,
  );
  const note = `The teacher left ${count(unanswered)} of ${count(texts)} test texts unanswered: every system is scored on the other ${count(kept.length)}, which may be easier than all of them.`;
  const select = (from: Float32Array): Float32Array => selectRows(from, kept, classes.length);
  return {
    // What was left out before, for want of a label, has been said already.
    test: { ...again, notes: [...new Set([...test.notes, ...again.notes, note])] },
    logits: select(logits),
    uncalibrated: uncalibrated && select(uncalibrated),
    unanswered,
  };
}

function selectRows(
  logits: Float32Array,
  positions: readonly number[],
  classes: number,
): Float32Array {
  const rows = new Float32Array(positions.length * classes);
  positions.forEach((position, row) => {
    rows.set(logits.subarray(position * classes, (position + 1) * classes), row * classes);
  });
  return rows;
}

/** What calibration does on the test texts, which it was not fitted on; null without gold labels or calibration. */
export function compareCalibration(
  { test: { gold }, logits, uncalibrated }: TeacherOnTest,
  classes: number,
): TestCalibration | null {
  if (gold === null || logits === null || uncalibrated === null) return null;
  return {
    before: scoreProbabilities(uncalibrated, gold, classes),
    after: scoreProbabilities(logits, gold, classes),
  };
}

/** Mean negative log-likelihood in nats and expected calibration error of logits `[N, C]` against gold classes `[N]`. */
export function scoreProbabilities(
  logits: Float32Array,
  gold: Int32Array,
  classes: number,
): { nll: number; ece: number } {
  const likelihoods = negativeLogLikelihoods(logProbabilities(logits, classes), gold, classes);
  const predicted = predictedClasses(logits, classes);
  const confidence = largestProbabilities(logits, classes);
  const correct = Uint8Array.from(gold, (label, text) => (predicted[text] === label ? 1 : 0));
  return {
    nll: likelihoods.reduce((sum, value) => sum + value, 0) / gold.length,
    ece: expectedCalibrationError(confidence, confidenceBins(confidence), correct),
  };
}
