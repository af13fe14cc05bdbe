/** The losses once more, in float64 and one text at a time, as the formulas are written. */

export interface Rows {
  /** Logits, `[B, classes]`. */
  student: readonly number[];
  teacher: readonly number[];
  labels: readonly number[];
  classes: number;
}

/** `[ Σ_i (1-α)·T²·KL(p_i ‖ q_i) + Σ_{i with gold} α·CE_i ] / B`. */
export function hintonInFloat64(
  { student, teacher, labels, classes }: Rows,
  { temperature, alpha }: { temperature: number; alpha: number },
): number {
  let sum = 0;
  labels.forEach((label, text) => {
    const row = (logits: readonly number[]): number[] =>
      logits.slice(text * classes, (text + 1) * classes);
    const p = softmax(row(teacher), temperature);
    const q = softmax(row(student), temperature);
    const divergence = p.reduce((total, pi, i) => total + pi * Math.log(pi / q[i]!), 0);
    sum += (1 - alpha) * temperature ** 2 * divergence;
    if (label >= 0) sum -= alpha * Math.log(softmax(row(student), 1)[label]!);
  });
  return sum / labels.length;
}

/** Central differences; with a step of 1e-5 in float64 right to about 1e-10. */
export function gradientByDifferences(
  f: (point: readonly number[]) => number,
  point: readonly number[],
): number[] {
  const step = 1e-5;
  return point.map((_, index) => {
    const moved = (by: number): number[] => point.map((x, i) => (i === index ? x + by : x));
    return (f(moved(step)) - f(moved(-step))) / (2 * step);
  });
}

function softmax(logits: readonly number[], temperature: number): number[] {
  const exponentials = logits.map((logit) => Math.exp(logit / temperature));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials.map((exponential) => exponential / total);
}
