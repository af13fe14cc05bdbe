import type { CompiledProgram } from "../engine/types.ts";
import { argmax, logSoftmax } from "../math/softmax.ts";
import { makeBatch, sortedBatches } from "./batches.ts";
import { textLengths, type TrainingSet } from "./training-set.ts";

/** Texts per batch when answering: no update depends on it. */
const BATCH = 64;

/** How a student does on texts that it does not train on. */
export interface ValidationScore {
  /** Mean over the texts, in nats: KL(teacher ‖ student) at the training temperature, or cross-entropy of gold labels. */
  loss: number;
  /** Share of the texts with the teacher's argmax, or with the gold label. */
  agreement: number;
}

export interface Validation {
  set: TrainingSet;
  /** Held to the teacher's logits, or to gold labels that the recipe bought. */
  against: "teacher" | "gold";
  temperature: number;
  /** What tells two scores apart, if not what is usual against the teacher or gold labels. */
  judge?: "loss";
}

/** Whether a score is better: the loss decides against the teacher (finer than agreement), accuracy against gold. */
export function isBetter(
  score: ValidationScore,
  best: ValidationScore,
  against: Validation["against"] | "loss",
): boolean {
  if (against !== "gold") return score.loss < best.loss;
  return (
    score.agreement > best.agreement ||
    (score.agreement === best.agreement && score.loss < best.loss)
  );
}

/** A program's logits for every text of a set, `[rows, C]`, without dropout. */
export async function answerSet(program: CompiledProgram, set: TrainingSet): Promise<Float32Array> {
  const answers = new Float32Array(set.rows * set.classes);
  for (const rows of sortedBatches(textLengths(set), BATCH)) {
    const { logits } = await program.forward(
      makeBatch(set, rows, { teacherLogits: false, labels: false }),
    );
    rows.forEach((row, place) => {
      answers.set(
        logits!.data.subarray(place * set.classes, (place + 1) * set.classes),
        row * set.classes,
      );
    });
  }
  return answers;
}

/** Scores a program on held-out texts. */
export async function validate(
  program: CompiledProgram,
  validation: Validation,
): Promise<ValidationScore> {
  return scoreAnswers(await answerSet(program, validation.set), validation);
}

/** Scores logits `[rows, C]` of the validation texts. */
function scoreAnswers(
  answers: Float32Array,
  { set, against, temperature }: Validation,
): ValidationScore {
  const { rows, classes, labels, logits } = set;
  let [loss, agreed] = [0, 0];
  for (let row = 0; row < rows; row += 1) {
    const answer = answers.subarray(row * classes, (row + 1) * classes);
    if (against === "teacher") {
      const teacher = logits!.subarray(row * classes, (row + 1) * classes);
      loss += divergence(teacher, answer, temperature);
      if (argmax(answer) === argmax(teacher)) agreed += 1;
    } else {
      loss -= logSoftmax(answer)[labels[row]!]!;
      if (argmax(answer) === labels[row]) agreed += 1;
    }
  }
  return { loss: loss / rows, agreement: agreed / rows };
}

/** `KL(softmax(z_t/T) ‖ softmax(z_s/T))` of one text, in nats. */
function divergence(teacher: Float32Array, student: Float32Array, temperature: number): number {
  const [p, q] = [logSoftmax(teacher, temperature), logSoftmax(student, temperature)];
  return p.reduce((sum, logP, index) => sum + Math.exp(logP) * (logP - q[index]!), 0);
}
