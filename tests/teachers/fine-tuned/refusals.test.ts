import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TeacherContext } from "../../../src/types.ts";
import { teacher as kind } from "../../../teachers/fine-tuned.ts";
import { fineTunedOptions } from "../../../teachers/fine-tuned/options.ts";
import { contextOf } from "../helpers.ts";
import { CLASSES, toyTexts, writeTinyBert } from "./tiny-bert.ts";

const labelled = toyTexts(10);

let root: string;
let model: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "limbeck-fine-tuned-"));
  model = await writeTinyBert(join(root, "tiny"));
});
afterEach(() => rm(root, { recursive: true }));

const parse = (more: object = {}) =>
  fineTunedOptions.parse({ model, head: "random", maxLength: 24, ...more });

function context(changes: Partial<TeacherContext> = {}): TeacherContext {
  const labelsFolder = join(root, "labels");
  const modelsFolder = join(root, "models");
  return contextOf({ labelled, classes: CLASSES, labelsFolder, modelsFolder, ...changes });
}

describe("what cannot be fine-tuned", { timeout: 60_000 }, () => {
  const failure = (more: object = {}, changes: Partial<TeacherContext> = {}) =>
    expect(kind.open(parse(more), context(changes))).rejects;

  it("names classes without a labelled text", async () => {
    const without = labelled.filter(({ label }) => label !== 2);
    await failure({}, { labelled: without }).toMatchObject({
      code: "E_TEACHER",
      message: expect.stringMatching(
        /a labelled text of each of the 4 classes to fine-tune .* none of 1: rate/,
      ) as string,
    });
  });

  it.each([
    [{ model_type: "roberta" }, 'model_type: "bert"'],
    [{ hidden_act: "relu" }, 'hidden_act: "gelu"'],
    [{ num_attention_heads: 3 }, "attention heads that divide hidden_size 16"],
    [{ num_hidden_layers: "two" }, "a whole number num_hidden_layers"],
    [{ num_hidden_layers: 3 }, "encoder.layer.2."],
    [{ vocab_size: 99 }, "embeddings.word_embeddings.weight"],
  ])("names what is wrong in config.json: %j", async (config, expected) => {
    await writeTinyBert(model, { config });
    await failure().toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining(expected) as string,
    });
  });

  it("refuses more layers or longer texts than the model has, and a folder without weights", async () => {
    await failure({ trainable: { last: 3 } }).toThrow(/3 layers or more/);
    await failure({ maxLength: 25 }).toThrow(/max_position_embeddings of teacher.maxLength 25/);
    await rm(join(model, "model.safetensors"));
    await failure().toThrow(/one of model\.safetensors, /);
    await writeFile(join(model, "pytorch_model.bin"), "pickle");
    await failure().toThrow(/pytorch_model\.bin alone/);
  });

  it("stops at numbers that are not finite, and names its own keys", async () => {
    const wild = { learningRate: 1e30, warmup: 0, schedule: "constant" };
    await failure(wild).toMatchObject({
      code: "E_TRAINING",
      message: expect.stringMatching(/step \d+.*teacher\.learningRate/) as string,
    });
  });
});
