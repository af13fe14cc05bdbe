import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../src/engine/safetensors.ts";
import type { StateDict } from "../../src/engine/index.ts";
import type { MetricsLine } from "../../src/fitting/metrics-log.ts";
import { argmax, logSoftmax } from "../../src/math/softmax.ts";
import { digestOf } from "../../src/platform/digest.ts";
import type {
  HeldOutLabels,
  LabelledText,
  ProgressEvent,
  Teacher,
  TeacherContext,
} from "../../src/types.ts";
import { teacher as kind } from "../../teachers/fine-tuned.ts";
import { fineTunedOptions } from "../../teachers/fine-tuned/options.ts";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { contextOf, logitsOf } from "./helpers.ts";
import { CLASSES, tinyWeights, toyTexts, writeTinyBert } from "./fine-tuned/tiny-bert.ts";

const labelled = toyTexts(10);
const others = toyTexts(12, 1);

let root: string;
let model: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "limbeck-fine-tuned-"));
  model = await writeTinyBert(join(root, "tiny"));
});
afterEach(() => rm(root, { recursive: true }));

/** Learns the toy texts in a second: its head starts from nothing, so that the encoder has to learn too. */
const QUICK = {
  head: "random",
  learningRate: 5e-3,
  headRate: 2,
  batch: 8,
  epochs: 12,
  maxLength: 24,
};
const parse = (more: object = {}) => fineTunedOptions.parse({ model, ...QUICK, ...more });

function context(changes: Partial<TeacherContext> = {}): TeacherContext {
  const labelsFolder = join(root, "labels");
  const modelsFolder = join(root, "models");
  return contextOf({ labelled, classes: CLASSES, labelsFolder, modelsFolder, ...changes });
}

const share = (answers: Map<string, Float32Array>, texts: readonly LabelledText[]) =>
  texts.filter(({ id, label }) => argmax(answers.get(id)!) === label).length / texts.length;

/** Opens, reads what is asked, closes. */
async function withTeacher<Result>(
  more: object,
  changes: Partial<TeacherContext>,
  use: (teacher: Teacher) => Promise<Result> | Result,
): Promise<Result> {
  const teacher = await kind.open(parse(more), context(changes));
  try {
    return await use(teacher);
  } finally {
    await teacher.close();
  }
}

const folderOf = (teacher: Teacher) => teacher.facts["model"] as string;
async function weightsOf(teacher: Teacher): Promise<StateDict> {
  const path = join(folderOf(teacher), "model.safetensors");
  return decodeSafetensors(await readFile(path), path).tensors;
}
async function metricsOf(teacher: Teacher): Promise<MetricsLine[]> {
  const text = await readFile(join(folderOf(teacher), "training", "metrics.jsonl"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as MetricsLine);
}

// Each starts a worker thread or two, which takes long on a busy machine.
describe("fine-tuned", { timeout: 120_000 }, () => {
  it("learns a toy completely and labels every text once, the same bits in any order and alone", async () => {
    await withTeacher({ dropout: 0, epochs: 20, holdOut: 0 }, {}, async (teacher) => {
      expect(teacher.digest).toBe(digestOf(teacher.description));
      expect(teacher.labels).toEqual(CLASSES);
      expect(share(await logitsOf(teacher, labelled), labelled)).toBe(1);
      const answers = await logitsOf(teacher, others);
      // Ten texts a class, from nothing; chance is 0.25.
      expect(share(answers, others)).toBeGreaterThan(0.6);
      expect(await logitsOf(teacher, [...others].reverse())).toEqual(answers);
      for (const text of others.slice(0, 5))
        expect(await logitsOf(teacher, [text])).toEqual(
          new Map([[text.id, answers.get(text.id)!]]),
        );
    });
  });

  it("starts from a fitted head, or learns the head alone", async () => {
    // Chance is 0.25; the states of an encoder of random numbers tell the classes apart only roughly.
    for (const [more, least] of [
      [{}, 0.9],
      [{ trainable: "head", learningRate: 2e-2 }, 0.5],
    ] as const) {
      const options = { head: "fitted", dropout: 0, holdOut: 0, ...more };
      const answers = await withTeacher(options, {}, (one) => logitsOf(one, labelled));
      expect(share(answers, labelled)).toBeGreaterThan(least);
    }
  });

  it("is opened again from the same inputs, in any order of texts, without a step of training", async () => {
    const first = await withTeacher({}, {}, (teacher) => teacher.digest);
    const events: ProgressEvent[] = [];
    const report = (event: ProgressEvent) => void events.push(event);
    const changes = { report, labelled: [...labelled].reverse() };
    expect(await withTeacher({}, changes, (teacher) => teacher.digest)).toBe(first);
    expect(events).toEqual([]);
    expect(await withTeacher({ seed: 5 }, {}, (teacher) => teacher.digest)).not.toBe(first);
    const [one, two, ...rest] = labelled;
    const swapped = [{ ...one!, label: two!.label }, { ...two!, label: one!.label }, ...rest];
    const other = await withTeacher({}, { labelled: swapped }, (teacher) => teacher.digest);
    expect(other).not.toBe(first);
  });

  it("leaves what does not learn as the pretrained model had it, to the bit", async () => {
    const base = tinyWeights();
    const changed = async (trainable: unknown) => {
      const weights = await withTeacher({ trainable, epochs: 2 }, {}, weightsOf);
      return Object.keys(base).filter((name) => {
        const of = ({ data }: { data: Float32Array }) => Buffer.from(data.buffer);
        return !of(weights[name]!).equals(of(base[name]!));
      });
    };
    expect(await changed("head")).toEqual([]);
    const last = await changed({ last: 1 });
    expect(last.length).toBe(16);
    expect(last.every((name) => name.startsWith("encoder.layer.1."))).toBe(true);
  });

  it("never learns from a held-out text", async () => {
    // One epoch: whatever the held-out texts are, it is the best.
    const options = { epochs: 1 };
    const ids = await withTeacher(options, {}, ({ heldOut }) => {
      expect(heldOut).not.toBe("any");
      return (heldOut as HeldOutLabels).ids;
    });
    expect(ids).toHaveLength(4);
    const weights = async (touched: (id: string) => boolean, name: string) => {
      // The text under an id becomes another: if it was learned from, the weights are others.
      const texts = labelled.map((one) =>
        touched(one.id) ? { ...one, text: "old new fee" } : one,
      );
      const modelsFolder = join(root, name);
      return withTeacher(options, { labelled: texts, modelsFolder }, weightsOf);
    };
    const plain = await weights(() => false, "plain");
    expect(await weights((id) => ids.includes(id), "held-out")).toEqual(plain);
    expect(
      await weights((id) => id === labelled.find((text) => !ids.includes(text.id))!.id, "learned"),
    ).not.toEqual(plain);
  });

  it("keeps the weights of the best epoch, not the last", async () => {
    // A rate at which training jumps about, so that scores fall again.
    const rough = { learningRate: 0.1, schedule: "constant", warmup: 0, epochs: 10, patience: 10 };
    await withTeacher(rough, {}, async (teacher) => {
      const lines = (await metricsOf(teacher)).filter(({ validation }) => validation);
      const scores = lines.map(({ validation }) => validation!);
      const best = scores.reduce((one, two) => (two.loss < one.loss ? two : one));
      expect(scores.at(-1)).not.toEqual(best);
      const { ids, logits } = teacher.heldOut as HeldOutLabels;
      const losses = ids.map((id, row) => {
        const label = labelled.find((text) => text.id === id)!.label;
        return -logSoftmax(logits.subarray(4 * row, 4 * row + 4))[label]!;
      });
      expect(losses.reduce((sum, loss) => sum + loss, 0) / ids.length).toBeCloseTo(best.loss, 5);
      expect(teacher.facts).toMatchObject({ accuracy: best.agreement, epochs: 10 });
      expect(teacher.facts["bestEpoch"]).toBe(scores.indexOf(best) + 1);
      // What labels is what was scored: the same texts through the exported file.
      const texts = labelled.filter(({ id }) => ids.includes(id));
      const answers = await logitsOf(teacher, texts);
      ids.forEach((id, row) => {
        answers.get(id)!.forEach((logit, at) => {
          expect(logit).toBeCloseTo(logits[4 * row + at]!, 3);
        });
      });
    });
  });

  it("stops early when patience runs out, and makes all epochs where nothing is held out", async () => {
    const rough = { learningRate: 0.1, schedule: "constant", warmup: 0, epochs: 40, patience: 2 };
    await withTeacher(rough, {}, ({ facts }) => {
      expect(facts["epochs"]).toBe((facts["bestEpoch"] as number) + 2);
    });
    await withTeacher({ holdOut: 0, epochs: 3 }, {}, (teacher) => {
      expect(teacher.facts).toMatchObject({ epochs: 3, bestEpoch: 3, trained: 40 });
      expect(teacher.heldOut).toBeNull();
    });
  });

  it("takes the recipe's validation texts to choose the epoch, and holds out none of its own", async () => {
    await withTeacher({ epochs: 2 }, { validation: toyTexts(3, 7) }, ({ facts, heldOut }) => {
      expect(facts).toMatchObject({ trained: 40, heldOut: { texts: 12, from: "validation" } });
      expect(heldOut).toBeNull();
    });
  });

  // 36 texts in batches of 8 make 5 steps: 5 ends an epoch, 7 lies in the midst of one.
  it.each([5, 7])(
    "goes on after a stop at step %i to the same weights, to the bit",
    async (stop) => {
      const options = { epochs: 3, dropout: 0.2 };
      const undisturbed = await withTeacher(
        options,
        { modelsFolder: join(root, "apart") },
        weightsOf,
      );
      const aborting = new AbortController();
      const report = (event: ProgressEvent) => {
        if (event.kind === "progress" && event.done === stop) aborting.abort();
      };
      const stopped = kind.open(parse(options), context({ signal: aborting.signal, report }));
      await expect(stopped).rejects.toMatchObject({
        code: "E_ABORTED",
        message: expect.stringContaining("goes on there") as string,
      });
      const made: number[] = [];
      const listen = (event: ProgressEvent) => {
        if (event.kind === "progress") made.push(event.done);
      };
      expect(await withTeacher(options, { report: listen }, weightsOf)).toEqual(undisturbed);
      expect(made[0]).toBe(stop + 1);
    },
  );

  it("fine-tunes a damaged model anew, to the same bits", async () => {
    const options = { epochs: 2 };
    const [digest, folder] = await withTeacher(options, {}, (one) => [one.digest, folderOf(one)]);
    await writeFile(join(folder, "onnx", "model.onnx"), "torn");
    const warnings: string[] = [];
    const report = (event: ProgressEvent) => {
      if (event.kind === "warning") warnings.push(event.message);
    };
    expect(await withTeacher(options, { report }, (one) => one.digest)).toBe(digest);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/model\.onnx.*another content.*fine-tuned anew/);
  });

  it("is opened from a label store, for labels and for timing, without texts to learn from", async () => {
    const [answers, description, digest] = await withTeacher({ epochs: 2 }, {}, async (teacher) => {
      return [await logitsOf(teacher, others), teacher.description, teacher.digest] as const;
    });
    const labelsFolder = join(root, "labels");
    const store = await openLabelStore({ folder: labelsFolder, description, digest, width: 4 });
    const { root: fitted } = store;
    store.close();
    await withTeacher({ epochs: 2 }, { fitted, labelled: [] }, async (teacher) => {
      expect(teacher.digest).toBe(digest);
      expect(await logitsOf(teacher, others)).toEqual(answers);
    });
    const timed = (await kind.openForTiming(parse(), { ...context(), labelsFolder, digest }))!;
    const given = await timed.classify(others.map(({ text }) => text));
    expect(given).toEqual(others.map(({ id }) => answers.get(id)));
    await timed.close();
    const elsewhere = context({ fitted, modelsFolder: join(root, "nowhere") });
    await expect(kind.open(parse(), elsewhere)).rejects.toMatchObject({ code: "E_TEACHER" });
  });

  it("lends its word vectors", async () => {
    const lexicon = (await kind.lexicon(parse(), context()))!;
    const { rows, size, data } = await lexicon.embeddings();
    const table = tinyWeights()["embeddings.word_embeddings.weight"]!;
    expect([rows, size]).toEqual(table.shape);
    expect(data).toEqual(table.data);
    expect(lexicon.tokenizer).toBe(join(model, "tokenizer.json"));
  });
});
