import { describe, expect, it } from "vitest";
import { describeTraining, type TrainingSettings } from "../../src/report/training-settings.ts";

const settings: TrainingSettings = {
  device: "cuda",
  optimizer: { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0 },
  ...{ learningRate: 0.2, schedule: "one-cycle", warmup: 0.25 },
  ...{ batch: 64, shards: 1, accumulate: 1 },
};

describe("describeTraining", () => {
  it("names SGD's own figures", () => {
    expect(describeTraining(settings)).toBe(
      "SGD (Nesterov momentum 0.9, weight decay 0); learning rate 0.2 at its peak, one-cycle schedule, " +
        "warm-up over 25\u00a0% of the steps; a batch of 64 texts per update; on cuda",
    );
    const optimizer = { ...settings.optimizer, nesterov: false };
    expect(describeTraining({ ...settings, optimizer })).toContain("SGD (momentum 0.9,");
  });

  it("tells of accumulated batches and of shards", () => {
    expect(describeTraining({ ...settings, accumulate: 4, shards: 2 })).toContain(
      "; 4 batches of 64 texts per update, each in 2 shards; on cuda",
    );
  });
});
