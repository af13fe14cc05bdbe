import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/engine/errors.ts";
import { explainStepError } from "../../src/fitting/non-finite.ts";
import { toySet } from "./toy-program.ts";

const set = toySet({ rows: 20, classes: 3 });
const thrown = new EngineError("E_NONFINITE", "Expected finite gradients, got NaN in lstm.weight.");
const explain = (rows: number[], of = set): unknown =>
  explainStepError(thrown, { step: 18, epoch: 2, set: of, rows });

describe("explainStepError", () => {
  it("names step, epoch, parameter and every text of a small batch", () => {
    expect(explain([7, 3])).toMatchObject({
      code: "E_TRAINING",
      message:
        "Training stopped at step 18, epoch 3: Expected finite gradients, got NaN in lstm.weight. " +
        "The texts of this step: text-7, text-3. Try a lower train.learningRate or train.clipNorm.",
    });
  });

  it("names five texts of a larger batch and counts the others", () => {
    expect(explain([9, 8, 7, 6, 5, 4, 3])).toMatchObject({
      message: expect.stringContaining(
        "this step: text-9, text-8, text-7, text-6, text-5 and 2 more.",
      ) as string,
    });
    expect(explain([9, 8, 7, 6, 5])).toMatchObject({
      message: expect.stringContaining("text-6, text-5.") as string,
    });
  });

  it.each([NaN, Infinity])("names the text alone whose teacher's logits hold %d", (value) => {
    const logits = set.logits!.slice();
    // Class 2 of row 6.
    logits[6 * 3 + 2] = value;
    expect(explain([9, 8, 7, 6, 5, 4, 3], { ...set, logits })).toMatchObject({
      message: expect.stringMatching(
        /The teacher's logits of these texts are not finite: text-6\. Move .* --from label\.$/,
      ) as string,
    });
  });

  it("leaves any other error as it is", () => {
    const other = new EngineError("E_SHAPE", "Expected something else.");
    expect(explainStepError(other, { step: 1, epoch: 0, set, rows: [] })).toBe(other);
  });
});
