import type {
  Batch,
  CompiledProgram,
  EngineState,
  StateDict,
  StepResult,
} from "../../src/engine/types.ts";
import { Random } from "../../src/math/random.ts";
import { softmax } from "../../src/math/softmax.ts";
import type { TrainingSet } from "../../src/fitting/training-set.ts";

export interface ToyOptions {
  pieces: number;
  classes: number;
  seed?: number;
  /** The step, from 1, whose loss is NaN. */
  breakAt?: number;
  /** Sees every batch that is trained on. */
  onBatch?: (batch: Batch) => void;
}

/**
 * A stand-in for a compiled student, in plain JavaScript: one weight per piece and class, summed over a text's pieces;
 * mean cross-entropy of labels or of the teacher's softmax; momentum; a little noise drawn from (seed, step), as dropout is.
 */
export function toyProgram({
  pieces,
  classes,
  seed = 0,
  breakAt,
  onBatch,
}: ToyOptions): CompiledProgram {
  const shape = [pieces, classes];
  const weights = new Float32Array(pieces * classes);
  const momentum = new Float32Array(pieces * classes);
  let updates = 0;

  const logitsOf = ({ batch, length, tokens, inputs }: Batch): Float32Array => {
    const logits = new Float32Array(batch * classes);
    const mask = inputs["mask"]!;
    tokens!.forEach((token, place) => {
      if (mask[place] === 0) return;
      const row = Math.floor(place / length);
      for (let c = 0; c < classes; c += 1)
        logits[row * classes + c]! += weights[token * classes + c]!;
    });
    return logits;
  };
  const state = (): EngineState => ({
    step: updates,
    weights: { w: { shape, data: weights.slice() } },
    optimizer: { m: { shape, data: momentum.slice() } },
  });

  return {
    device: "cpu",
    step(given, { learningRate }): Promise<StepResult> {
      const batches = Array.isArray(given) ? (given as Batch[]) : [given as Batch];
      for (const batch of batches) onBatch?.(batch);
      const texts = batches.reduce((sum, { batch }) => sum + batch, 0);
      const random = new Random(seed, updates);
      const gradient = new Float32Array(weights.length);
      let loss = updates + 1 === breakAt ? NaN : 0;
      for (const batch of batches) {
        const { length, tokens, inputs } = batch;
        const logits = logitsOf(batch);
        for (let row = 0; row < batch.batch; row += 1) {
          const q = softmax(logits.subarray(row * classes, (row + 1) * classes));
          const p = wanted(inputs, row, classes);
          for (let c = 0; c < classes; c += 1) {
            loss -= (p[c]! * Math.log(q[c]!)) / texts;
            const slope = (q[c]! - p[c]!) * (1 + 0.01 * random.normal());
            for (let place = row * length; place < (row + 1) * length; place += 1) {
              if (inputs["mask"]![place] !== 0)
                gradient[tokens![place]! * classes + c]! += slope / texts;
            }
          }
        }
      }
      gradient.forEach((slope, index) => {
        momentum[index] = 0.9 * momentum[index]! + slope;
        weights[index]! -= learningRate * momentum[index];
      });
      updates += 1;
      const gradientNorm = Math.sqrt(gradient.reduce((sum, slope) => sum + slope * slope, 0));
      return Promise.resolve({ loss, terms: {}, gradientNorm });
    },
    forward: (batch) =>
      Promise.resolve({ logits: { shape: [batch.batch, classes], data: logitsOf(batch) } }),
    gradients: () => Promise.reject(new Error("not needed here")),
    saveState: () => Promise.resolve(state()),
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface waits
    async loadState(saved) {
      weights.set(saved.weights["w"]!.data);
      momentum.set(saved.optimizer["m"]!.data);
      updates = saved.step;
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface waits
    async loadWeights(saved: StateDict) {
      weights.set(saved["w"]!.data);
    },
    exportOnnx: () => Promise.resolve(new Uint8Array()),
    dispose: () => Promise.resolve(),
  };
}

function wanted(inputs: Batch["inputs"], row: number, classes: number): Float32Array {
  const teacher = inputs["teacherLogits"] as Float32Array | undefined;
  if (teacher) return softmax(teacher.subarray(row * classes, (row + 1) * classes));
  const p = new Float32Array(classes);
  p[inputs["labels"]![row]!] = 1;
  return p;
}

/**
 * Texts whose class is told by one piece: piece `2 + class` among random others. `[CLS]` is 1, padding 0.
 * The teacher's logits are 4 for the class and 0 for the others.
 */
export function toySet(options: {
  rows: number;
  classes: number;
  seed?: number;
  pieces?: number;
}): TrainingSet {
  const { rows, classes, seed = 0, pieces = 30 } = options;
  const random = new Random("toy", seed);
  const texts: number[][] = [];
  const labels = new Int32Array(rows);
  const logits = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row += 1) {
    const label = row % classes;
    labels[row] = label;
    logits[row * classes + label] = 4;
    const others = Array.from(
      { length: 1 + random.integer(8) },
      () => 2 + classes + random.integer(pieces - classes - 2),
    );
    texts.push([1, ...random.shuffle([2 + label, ...others])]);
  }
  const offsets = new Int32Array(rows + 1);
  texts.forEach((text, row) => {
    offsets[row + 1] = offsets[row]! + text.length;
  });
  const ids = texts.map((_, row) => `text-${row}`);
  return { rows, classes, tokens: Int32Array.from(texts.flat()), offsets, logits, labels, ids };
}
