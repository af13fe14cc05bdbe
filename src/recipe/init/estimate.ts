import { availableParallelism } from "node:os";

/** What the probe below counts on the machine that the costs were taken on (AMD EPYC, Zen 5). */
const REFERENCE_PRODUCTS_PER_SECOND = 310;
const PROBE_MILLISECONDS = 200;
const PROBE_SIZE = 128;
const LEAST_SPEED = 0.25;
const MOST_SPEED = 4;

// Seconds of one core, as measured on the reference machine for the default recipe.
const TEACHER_SECONDS_PER_TOKEN = 90e-6; // all-MiniLM-L6-v2, row-wise int8
const STUDENT_SECONDS_PER_TOKEN = 22e-6; // BiLSTM 128 × 128: forward, backward, AdamW
const FIXED_SECONDS = 45; // starting, fitting the head, linear controls, bootstrap, latency, export
const CONTROL_SHARE = 0.5; // the hard-label control takes at most the distilled student's steps, mostly half of them
const CHARACTERS_PER_TOKEN = 4.3;
const SHORTEST = 2; // [CLS] and [SEP]
const LONGEST = 128; // train.maxLength

/**
 * Products of two 128 × 128 matrices per second, in plain JavaScript. The fastest of those that fit into a fifth of a
 * second counts: the first ones are not compiled yet, and others may have been interrupted.
 */
function probe(): number {
  const left = new Float32Array(PROBE_SIZE * PROBE_SIZE).fill(0.5);
  const right = Float32Array.from(left);
  const product = new Float32Array(left.length);
  const started = performance.now();
  let fastest = Infinity;
  let now = started;
  while (now - started < PROBE_MILLISECONDS) {
    for (let row = 0; row < PROBE_SIZE; row += 1) {
      for (let inner = 0; inner < PROBE_SIZE; inner += 1) {
        const factor = left[row * PROBE_SIZE + inner]!;
        for (let column = 0; column < PROBE_SIZE; column += 1) {
          product[row * PROBE_SIZE + column]! += factor * right[inner * PROBE_SIZE + column]!;
        }
      }
    }
    const ended = performance.now();
    fastest = Math.min(fastest, ended - now);
    now = ended;
  }
  return 1000 / fastest;
}

export interface Workload {
  /** Texts to label: all of them, evaluation included. */
  texts: number;
  /** Texts that a student trains on in each epoch. */
  trained: number;
  meanCharacters: number;
  epochs: number;
  seeds: number;
}

/**
 * Minutes that a run of the default recipe takes on a machine of this speed: an estimate from costs per token, right to
 * a factor of two.
 *
 * @param speed - this machine's core ÷ the reference machine's
 */
export function minutesFor(work: Workload, speed: number, cores: number): number {
  const tokens = Math.min(LONGEST, SHORTEST + work.meanCharacters / CHARACTERS_PER_TOKEN);
  const teacher = work.texts * tokens * TEACHER_SECONDS_PER_TOKEN;
  const student = work.trained * tokens * work.epochs * work.seeds * STUDENT_SECONDS_PER_TOKEN;
  const seconds = FIXED_SECONDS + (teacher + student * (1 + CONTROL_SHARE)) / cores;
  return seconds / speed / 60;
}

/** The same for the machine that this runs on, whose speed is measured in a fifth of a second. */
export function estimateMinutes(work: Workload): number {
  // A machine that is busy just now makes the probe look slower than a run of minutes will be.
  const speed = Math.min(
    MOST_SPEED,
    Math.max(LEAST_SPEED, probe() / REFERENCE_PRODUCTS_PER_SECOND),
  );
  return minutesFor(work, speed, availableParallelism());
}
