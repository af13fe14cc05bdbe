import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { compile, fineTuneGroups } from "../../src/engine/index.ts";
import type { Batch, FineTuneOptions, Program, StateDict } from "../../src/engine/index.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer.ts";
import { compileOptions } from "../engine/programs.ts";
import { batchOf, encoderProgram } from "./shipped-encoder.ts";

const CLASSES = ["card_arrival", "exchange_rate", "lost_or_stolen_phone", "top_up_failed"];
const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** The first three texts of each class in Banking77's training file, the classes in turn. */
async function readBatch(): Promise<Batch> {
  const rows = readFileSync(path("datasets/banking77/train.tsv"), "utf8")
    .split("\n")
    .map((line) => line.split("\t") as [label: string, text: string]);
  const texts = CLASSES.map((label) =>
    rows.filter((row) => row[0] === label).map((row) => row[1]),
  ).map((found) => found.slice(0, 3));
  const tokenizer = await loadTokenizer(path("teachers/minilm-l6-v2/tokenizer.json"));
  const labelled = [0, 1, 2].flatMap((turn) =>
    texts.map((own, label) => ({ ids: tokenizer.encode(own[turn]!, 128), label })),
  );
  return batchOf(
    labelled.map(({ ids }) => ids),
    { classes: CLASSES.length, labels: labelled.map(({ label }) => label) },
  );
}

const isHead = (name: string): boolean => name.startsWith("classifier.");

interface Case extends FineTuneOptions {
  what: string;
  learningRate: number;
  /** Whether a parameter must learn, by its name; all others must keep their bits. */
  learns: (name: string) => boolean;
}

const CASES: Case[] = [
  {
    what: "all layers, each at half the rate of the one above",
    fineTune: "all",
    layerDecay: 0.5,
    learningRate: 2e-3,
    learns: () => true,
  },
  {
    what: "the last two layers and the head",
    fineTune: { last: 2 },
    learningRate: 5e-4,
    learns: (name) => isHead(name) || /^encoder\.layer\.[45]\./.test(name),
  },
  { what: "the head alone", fineTune: "head", learningRate: 2e-2, learns: isHead },
];

// The weights and their moments are 270 MB: seconds, more on a busy machine.
describe("fine-tuning the shipped encoder on real texts", { timeout: 120_000 }, () => {
  let program: Program;
  let batch: Batch;

  beforeAll(async () => {
    program = await encoderProgram({ classes: CLASSES.length });
    batch = await readBatch();
  });

  it.each(CASES)("$what", async (options) => {
    const { learningRate, learns } = options;
    const groups = fineTuneGroups(program, options);
    const compiled = await compile(program, { ...compileOptions, groups, maxTokens: 512 });
    const { weights: before } = await compiled.saveState();
    const names = Object.keys(before);
    const { gradients } = await compiled.gradients(batch);
    expect(Object.keys(gradients).sort()).toEqual(names.filter(learns).sort());

    const losses: number[] = [];
    for (let step = 0; step < 4; step += 1) {
      losses.push((await compiled.step(batch, { learningRate })).loss);
    }
    // A fresh head knows nothing: about log 4 = 1.386.
    expect(losses[0]).toBeGreaterThan(1.2);
    expect(losses[0]).toBeLessThan(1.6);
    expect(losses.at(-1)! / losses[0]!).toBeLessThan(0.3);

    const { weights: after } = await compiled.saveState();
    expect(names.filter((name) => sameBits(name, before, after))).toEqual(
      names.filter((name) => !learns(name)),
    );
    await compiled.dispose();
  });
});

function sameBits(name: string, a: StateDict, b: StateDict): boolean {
  return Buffer.from(a[name]!.data.buffer).equals(Buffer.from(b[name]!.data.buffer));
}
