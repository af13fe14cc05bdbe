import { describe, expect, it } from "vitest";
import type { Batch, CompiledProgram } from "../../src/engine/types.ts";
import {
  chooseHardLabelTraining,
  expectedChoiceSteps,
  type Candidate,
  type ChooseOptions,
} from "../../src/training/hard-label.ts";
import type { TrainingSet } from "../../src/fitting/training-set.ts";
import { toyProgram, toySet } from "../fitting/toy-program.ts";

const CLASSES = 5;
const set: TrainingSet = { ...toySet({ rows: 50, classes: CLASSES }), logits: null };

function options(more: Partial<ChooseOptions> = {}): ChooseOptions {
  return {
    program: toyProgram({ pieces: 30, classes: CLASSES }),
    set,
    validation: null,
    plan: {
      steps: 80,
      batch: 16,
      accumulate: 1,
      seed: 0,
      learningRate: 0.1,
      schedule: "linear",
      warmup: 0.1,
      targets: { teacherLogits: false, labels: true },
    },
    seed: 0,
    known: [],
    onStep: () => Promise.resolve(),
    onCandidate: () => Promise.resolve(),
    ...more,
  };
}

const trials = (table: readonly Candidate[]) =>
  table.map(({ learningRate, steps }) => [learningRate, steps]);

/** A program whose held-out answers are right with a share that the trial decides. */
function scripted(share: (learningRate: number, steps: number) => number): CompiledProgram {
  const toy = toyProgram({ pieces: 30, classes: CLASSES });
  let peak = 0;
  let steps = 0;
  return {
    ...toy,
    loadState: async (state) => {
      await toy.loadState(state);
      [peak, steps] = [0, 0];
    },
    step: (batch, given) => {
      peak = Math.max(peak, given.learningRate);
      steps += 1;
      return toy.step(batch, given);
    },
    forward: ({ batch, length, tokens }: Batch) => {
      const data = new Float32Array(batch * CLASSES);
      for (let row = 0; row < batch; row += 1) {
        const told =
          tokens!
            .subarray(row * length, (row + 1) * length)
            .find((piece) => piece >= 2 && piece < 2 + CLASSES)! - 2;
        const right = row < Math.round(share(peak, steps) * batch);
        data[row * CLASSES + (right ? told : (told + 1) % CLASSES)] = 1;
      }
      return Promise.resolve({ logits: { shape: [batch, CLASSES], data } });
    },
  };
}

describe("chooseHardLabelTraining", () => {
  it("holds out a fifth of the labels, stratified", async () => {
    expect((await chooseHardLabelTraining(options())).heldOut).toBe(10);
  });

  it("tries two rates at an eighth of the steps, then the better one longer while that helps", async () => {
    // The higher rate is better; 20 steps beat 10, 40 do not beat 20.
    const program = scripted((rate, steps) => (rate > 0.15 ? 0.5 : 0.3) + (steps === 20 ? 0.2 : 0));
    const choice = await chooseHardLabelTraining(options({ program }));
    expect(trials(choice.table)).toEqual([
      [0.1, 10],
      [0.25, 10],
      [0.25, 20],
      [0.25, 40],
    ]);
    expect(choice).toMatchObject({ learningRate: 0.25, steps: 20 });
    // 10 + 10 + 20 + 40.
    expect(expectedChoiceSteps(80)).toBe(80);
  });

  it("makes at most as many steps as the distilled student", async () => {
    const program = scripted((_, steps) => steps / 100);
    const plan = { ...options().plan, steps: 30 };
    const choice = await chooseHardLabelTraining(options({ program, plan }));
    expect(trials(choice.table).slice(1)).toEqual(
      [
        [0.25, 4],
        [0.1, 8],
        [0.1, 16],
        [0.1, 30],
      ].map(([rate, steps]) => [steps === 4 ? rate : choice.learningRate, steps]),
    );
    expect(choice.steps).toBe(30);
  });

  it("trains on gold labels and no teacher", async () => {
    const seen = new Set<string>();
    const onBatch = ({ inputs }: Batch) => {
      for (const name of Object.keys(inputs)) seen.add(name);
    };
    await chooseHardLabelTraining(
      options({ program: toyProgram({ pieces: 30, classes: CLASSES, onBatch }) }),
    );
    expect([...seen].sort()).toEqual(["labels", "mask"]);
  });

  it("trains on none of the texts that it holds out", async () => {
    const trained = new Set<string>();
    const answered = new Set<string>();
    const texts = ({ batch, length, tokens }: Batch) =>
      Array.from({ length: batch }, (_, row) =>
        [...tokens!.subarray(row * length, (row + 1) * length)]
          .filter((piece) => piece > 0)
          .join(" "),
      );
    const toy = toyProgram({
      pieces: 30,
      classes: CLASSES,
      onBatch: (batch) => {
        texts(batch).forEach((text) => trained.add(text));
      },
    });
    const program: CompiledProgram = {
      ...toy,
      forward: (batch) => {
        texts(batch).forEach((text) => answered.add(text));
        return toy.forward(batch);
      },
    };
    await chooseHardLabelTraining(options({ program }));
    expect(answered.size).toBe(10);
    expect([...answered].filter((text) => trained.has(text))).toEqual([]);
  });

  it("uses a gold validation split where the recipe bought one, and all labels to train", async () => {
    const validation = { ...toySet({ rows: 20, classes: CLASSES, seed: 5 }), logits: null };
    let texts = 0;
    const onBatch = ({ batch }: Batch) => (texts += batch);
    const program = toyProgram({ pieces: 30, classes: CLASSES, onBatch });
    const plan = { ...options().plan, steps: 8, batch: 50 };
    const choice = await chooseHardLabelTraining(options({ program, validation, plan }));
    expect(choice.heldOut).toBe(20);
    // Every step is a batch of all 50.
    expect(texts % 50).toBe(0);
  });

  it("does not repeat trials that an interrupted choice has made", async () => {
    const first = await chooseHardLabelTraining(options());
    let steps = 0;
    const onStep = () => {
      steps += 1;
      return Promise.resolve();
    };
    const again = await chooseHardLabelTraining(options({ known: first.table, onStep }));
    expect(steps).toBe(0);
    expect(again).toEqual(first);
  });

  it("starts every trial from the same weights: the order of trials does not matter", async () => {
    const first = await chooseHardLabelTraining(options());
    const again = await chooseHardLabelTraining(options({ known: first.table.slice(0, 1) }));
    expect(again).toEqual(first);
  });

  it("chooses nothing where each class has one text", async () => {
    const single = { ...toySet({ rows: CLASSES, classes: CLASSES }), logits: null };
    const choice = await chooseHardLabelTraining(options({ set: single }));
    expect(choice).toEqual({ learningRate: 0.1, steps: 10, heldOut: 0, table: [] });
  });
});
