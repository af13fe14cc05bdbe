import { describe, expect, it, vi } from "vitest";
import { failure, MINIMAL } from "./load-text.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

describe("loadRecipe: what is wrong with values", () => {
  it.each([
    [
      "train: { epochs: '5' }",
      'Expected train.epochs to be a whole number, 1 or more, got "5". Remove the quotes.',
    ],
    ["train: { epochs: 2.5 }", "Expected train.epochs to be a whole number, 1 or more, got 2.5."],
    ["train: { warmup: 1.5 }", "Expected train.warmup to be a number from 0 to 1, got 1.5."],
    ["train: { learningRate: 0 }", "Expected train.learningRate to be a number above 0, got 0."],
    [
      "train: { seeds: three }",
      'Expected train.seeds to be a whole number, 1 or more, or a list of a whole number, 0 or more, got "three".',
    ],
    [
      "train: { seeds: [0, 1.5] }",
      "Expected train.seeds.1 to be a whole number, 0 or more, got 1.5.",
    ],
    [
      "train:",
      "Expected train to be a mapping with loss, epochs, batch, accumulate, optimizer, learningRate, schedule, warmup, " +
        "weightDecay, clipNorm, patience, maxLength, seeds, workers, shards, device, got nothing. Write a value after the colon, or remove the key: its default is {}.",
    ],
    ["train: { workers: autp }", 'Did you mean "auto"?'],
    [
      "train: { shards: 0 }",
      "Expected train.shards to be auto, or a whole number, 1 or more, got 0.\n",
    ],
    [
      "train: { device: gpu }",
      'Expected train.device to be one of cpu, webgpu, cuda, tfjs-node, tfjs-node-gpu, auto, got "gpu".',
    ],
    ["train: { schedule: cosin }", 'Did you mean "cosine"?'],
    [
      "train: { optimizer: { kind: sgdd } }",
      'r.yaml:6:29: Expected train.optimizer.kind to be adamw or sgd, got "sgdd". Did you mean "sgd"?',
    ],
    ["train: { optimizer: sgd }", 'Expected train.optimizer to be a mapping with kind, got "sgd".'],
    [
      "train: { optimizer: { momentum: 0.5 } }",
      "Expected the key kind in train.optimizer, got none. Add kind: AdamW, or SGD with momentum (adamw, sgd).",
    ],
    ["train: { optimizer: {} }", "Expected the key kind in train.optimizer, got none."],
    [
      "train: { optimizer: { kind: sgd, beta1: 0.8 } }",
      'Expected a key of train.optimizer, got "beta1". Known keys: kind, momentum, nesterov.',
    ],
    [
      "train: { optimizer: { kind: adamw, beta2: 1 } }",
      "Expected train.optimizer.beta2 to be a number, 0 or more and below 1, got 1.",
    ],
    [
      "name: my texts",
      'Expected name to be letters, digits, dots, hyphens and underscores, got "my texts".',
    ],
    ["name: 12", "Expected name to be text, got 12. Put it in quotes."],
    [
      "task: clasification",
      'Expected task to be classification, got "clasification". Did you mean "classification"?',
    ],
    ["export: { formats: [onnx-int8] }", 'Expected export.formats.0 to be onnx, got "onnx-int8".'],
    ["export: { formats: [] }", "Expected export.formats to be non-empty, got a list of 0."],
    [
      "student: { kind: bilstn }",
      'Expected student.kind to be a name in students/, got "bilstn". Did you mean "bilstm"?',
    ],
    [
      "student: [{ kind: resnet }]",
      'Expected student.0.kind to be a name in students/, got "resnet". There is in students/: bilstm, transformer.',
    ],
    [
      "student: { kind: transformer, activation: gellu }",
      'Expected student.activation to be one of gelu, relu, got "gellu". Did you mean "gelu"?',
    ],
    [
      "student: { embedding: { init: teachr } }",
      'one of teacher, random, got "teachr". Did you mean "teacher"?',
    ],
  ])("%s", async (line, expected) => {
    expect(await failure(`${MINIMAL}${line}\n`)).toContain(expected);
  });

  it("refuses a teacher that does not exist", async () => {
    expect(await failure("data: { source: a }\nteacher: { kind: encoder_heads }\n")).toBe(
      [
        'r.yaml:2:18: Expected teacher.kind to be a name in teachers/ or a path such as ./my-teacher.ts, got "encoder_heads". Did you mean "encoder-head"?',
        "     2 | teacher: { kind: encoder_heads }",
        "       |                  ^^^^^^^^^^^^^",
      ].join("\n"),
    );
  });

  it.each([
    [
      "{ perclass: 10 }",
      'Expected a key of data.labelled, got "perclass". Did you mean "perClass"?',
    ],
    ["{ perClass: 0 }", "Expected data.labelled.perClass to be a whole number, 1 or more, got 0."],
    [
      "{ perClass: 5, count: 50 }",
      "Expected data.labelled to be all or none or a mapping with perClass or a mapping with count, got perClass and count. " +
        "Keep one of them.",
    ],
    [
      "some",
      'Expected data.labelled to be all or none or a mapping with perClass or a mapping with count, got "some".',
    ],
  ])("labelled: %s", async (value, expected) => {
    expect(
      await failure(MINIMAL.replace("texts.csv", `texts.csv\n  labelled: ${value}`)),
    ).toContain(expected);
  });

  it("keeps the caret below its place after a tab", async () => {
    expect(await failure(`${MINIMAL}train: {\tepochs: 0 }\n`)).toContain(
      ["     6 | train: {\tepochs: 0 }", "       |         \t        ^"].join("\n"),
    );
  });
});
