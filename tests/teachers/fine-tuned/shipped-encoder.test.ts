import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { argmax } from "../../../src/math/softmax.ts";
import type { TeacherLabel } from "../../../src/types.ts";
import { teacher as kind } from "../../../teachers/fine-tuned.ts";
import { fineTunedOptions } from "../../../teachers/fine-tuned/options.ts";
import { bankingTexts, contextOf, MODEL, streamOf } from "../helpers.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "limbeck-fine-tuned-"));
});
afterAll(() => rm(root, { recursive: true }));

// Its weights and their moments are 270 MB: seconds, more on a busy machine.
describe("started from the shipped encoder", { timeout: 120_000 }, () => {
  it("learns a few real texts in a few steps", async () => {
    const { classes, texts } = bankingTexts(4, 8);
    const learned = texts.filter((_, at) => at % 8 < 3);
    const unseen = texts.filter((_, at) => at % 8 >= 3);
    const options = fineTunedOptions.parse({
      model: MODEL,
      trainable: { last: 1 },
      holdOut: 0,
      epochs: 2,
      batch: 12,
      maxLength: 32,
    });
    const teacher = await kind.open(
      options,
      contextOf({ classes, labelled: learned, labelsFolder: root, modelsFolder: root }),
    );
    expect(teacher.facts).toMatchObject({ trained: 12, steps: 2 });
    // 22.6 million of the encoder, its positions cut from 512 to 32, and 4 · 385 of the head.
    expect(teacher.parameters).toBeGreaterThan(22.3e6);
    let right = 0;
    for await (const answer of teacher.label(streamOf(unseen), new AbortController().signal)) {
      const { id, logits } = answer as TeacherLabel;
      if (argmax(logits) === unseen.find((text) => text.id === id)!.label) right += 1;
    }
    expect(right / unseen.length).toBeGreaterThan(0.7);
    await teacher.close();
  });
});
