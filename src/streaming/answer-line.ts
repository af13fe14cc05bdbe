import { softmax } from "../math/softmax.ts";
import type { LineAnswer } from "./label-lines.ts";

/** A float32 in as few digits as tell it from its neighbours: nine suffice (IEEE 754-2019, 5.12.2). */
function shortest(value: number): number {
  return Number(value.toPrecision(9));
}

/** Probabilities to six decimals: what float32 holds beyond is no information. */
function roundProbability(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

export interface AnswerFormat {
  labels: readonly string[];
  /** Instead of the logits the so many likeliest classes with their probabilities; null: the logits. */
  top: number | null;
}

/**
 * The line of JSON for an answer: `{"id", "logits"}`, the logits in the order of teacher.json's labels; with `top`
 * `{"id", "top": [{"label", "probability"}]}`; where there is no answer `{"line", "id"?, "error"}`.
 */
export function answerLine(answer: LineAnswer, { labels, top }: AnswerFormat): string {
  if ("error" in answer) {
    const { line, name, error } = answer;
    return JSON.stringify({ line, ...(name === null ? {} : { id: name }), error: error.message });
  }
  const { name: id, logits } = answer;
  if (top === null) return JSON.stringify({ id, logits: Array.from(logits, shortest) });
  const likeliest = Array.from(softmax(logits), (probability, at) => ({
    label: labels[at]!,
    probability: roundProbability(probability),
  }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
  return JSON.stringify({ id, top: likeliest });
}
