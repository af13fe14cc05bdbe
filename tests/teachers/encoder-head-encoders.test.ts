import { create, toBinary } from "@bufbuild/protobuf";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema } from "onnx-buf";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { argmax } from "../../src/math/softmax.ts";
import type { LabelledText, ProgressEvent, Teacher, TeacherContext } from "../../src/types.ts";
import { teacher as kind } from "../../teachers/encoder-head.ts";
import { encoderHeadOptions, listEncoders } from "../../teachers/encoder-head/options.ts";
import { bankingTexts, contextOf, logitsOf, MODEL, placeOf, streamOf } from "./helpers.ts";

// Each teacher that is opened starts threads of its own, which on a busy machine takes seconds.
vi.setConfig({ testTimeout: 180_000 });

const { classes, texts } = bankingTexts(3, 12);
/** 6 labels of each class. */
const labelled = classes.flatMap((_, label) =>
  texts.filter((text) => text.label === label).slice(0, 6),
);
const others = texts.filter((text) => !labelled.includes(text));

let labelsFolder: string;
/** The shipped encoder, with a word about its pooling. */
let first: string;
beforeAll(async () => {
  labelsFolder = await mkdtemp(join(tmpdir(), "limbeck-encoders-"));
  first = join(labelsFolder, "first");
  await cp(MODEL, first, { recursive: true });
  await mkdir(join(first, "1_Pooling"));
  const config = JSON.stringify({ pooling_mode_cls_token: true });
  await writeFile(join(first, "1_Pooling", "config.json"), config);
});
afterAll(async () => {
  await rm(labelsFolder, { recursive: true });
});

const optionsOf = (changes: Record<string, unknown>) =>
  encoderHeadOptions.parse({ model: MODEL, strength: 10, ...changes });

function open(options: Record<string, unknown>, changes: Partial<TeacherContext> = {}) {
  return kind.open(optionsOf(options), contextOf({ labelled, classes, labelsFolder, ...changes }));
}

async function answersOf(options: Record<string, unknown>, changes: Partial<TeacherContext> = {}) {
  const teacher = await open(options, changes);
  const answers = await logitsOf(teacher, others);
  await teacher.close();
  return { teacher, answers };
}

const encodersOf = ({ description }: Teacher) =>
  description["encoders"] as Record<string, unknown>[];

describe("an encoder-head's encoders", () => {
  it("take what they do not say themselves from the teacher's options", () => {
    const options = optionsOf({
      model: ["a", { model: "b", prefix: "query: ", pooling: "max", maxLength: 32 }],
      pooling: "cls",
      dtype: "fp32",
    });
    const shared = { normalize: "auto", dtype: "fp32", batch: 32, download: false };
    expect(listEncoders(options)).toEqual([
      { model: "a", maxLength: 128, pooling: "cls", prefix: "", ...shared },
      { model: "b", maxLength: 32, pooling: "max", prefix: "query: ", ...shared },
    ]);
    expect(encoderHeadOptions.safeParse({ model: [] }).success).toBe(false);
    expect(encoderHeadOptions.safeParse({ model: { model: "b", poolign: "cls" } }).success).toBe(
      false,
    );
  });

  it("pool as the model's own files say, and the digest holds what that is", async () => {
    const own = await answersOf({ model: first });
    expect(encodersOf(own.teacher)).toMatchObject([{ pooling: "cls", normalize: true }]);
    const named = await answersOf({ pooling: "cls" });
    expect(named.teacher.digest).toBe(own.teacher.digest);
    expect(named.answers).toEqual(own.answers);
    const mean = await answersOf({});
    expect(encodersOf(mean.teacher)).toMatchObject([{ pooling: "mean" }]);
    expect(mean.teacher.digest).not.toBe(own.teacher.digest);
    const fingerprint = (options: Record<string, unknown>) =>
      kind.fingerprint(optionsOf(options), placeOf());
    expect(await fingerprint({ model: first })).toBe(await fingerprint({ pooling: "cls" }));
    expect(await fingerprint({ model: first })).not.toBe(await fingerprint({}));
  });

  it("put the prefix before the text, as if it stood there", async () => {
    const prefixed = (list: readonly LabelledText[]) =>
      list.map((one) => ({ ...one, text: `query: ${one.text}` }));
    const own = await answersOf({ prefix: "query: ", strength: 1 });
    // Ids are those of the bare texts, so that nothing comes from the other's cache.
    const fresh = await mkdtemp(join(tmpdir(), "limbeck-prefix-"));
    const changes = { labelled: prefixed(labelled), labelsFolder: fresh };
    const teacher = await open({ strength: 1 }, changes);
    const answers = await logitsOf(teacher, prefixed(others));
    await teacher.close();
    await rm(fresh, { recursive: true });
    for (const { id } of others) expect(own.answers.get(id)).toEqual(answers.get(id));
    const long = open({ prefix: "query ".repeat(20), maxLength: 16 });
    await expect(long).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("leave room for a text in 16 tokens") as string,
    });
  });

  it("give their vectors one after the other, each kept under its own digest", async () => {
    const fresh = await mkdtemp(join(tmpdir(), "limbeck-joined-"));
    const both = [{ model: MODEL, pooling: "max", normalize: false }, MODEL];
    const { teacher, answers } = await answersOf({ model: both }, { labelsFolder: fresh });
    expect(encodersOf(teacher)).toMatchObject([
      { pooling: "max", normalize: false },
      { pooling: "mean", normalize: true },
    ]);
    // A head of 3 classes on 2 · 384 numbers, and the encoder once.
    const single = await answersOf({}, { labelsFolder: fresh });
    expect(teacher.parameters! - single.teacher.parameters!).toBe(3 * 384);
    expect(teacher.bytes! - single.teacher.bytes!).toBeLessThan(3 * 384 * 4 + 100);
    const stores = await readdir(fresh);
    expect(stores).toHaveLength(2); // the single teacher's vectors are the second's
    const right = others.filter(({ id, label }) => argmax(answers.get(id)!) === label);
    expect(right.length / others.length).toBeGreaterThan(0.8);
    // The head that knows only the first half's columns cannot give these: the order matters.
    const swapped = await answersOf({ model: [...both].reverse() }, { labelsFolder: fresh });
    expect(swapped.teacher.digest).not.toBe(teacher.digest);
    for (const { id } of others)
      swapped.answers.get(id)!.forEach((logit, at) => {
        expect(logit).toBeCloseTo(answers.get(id)![at]!, 1);
      });
    expect(await readdir(fresh)).toHaveLength(2);
    await rm(fresh, { recursive: true });
  });

  it("keep no vectors where texts stream through, and answer the same", async () => {
    const fresh = await mkdtemp(join(tmpdir(), "limbeck-stream-"));
    const kept = await answersOf({});
    const streamed = await answersOf({}, { cache: false, labelsFolder: fresh });
    expect(await readdir(fresh)).toEqual([]);
    expect(streamed.teacher.digest).toBe(kept.teacher.digest);
    expect(streamed.answers).toEqual(kept.answers);
    const stop = AbortSignal.abort();
    const teacher = await open({}, { cache: false, labelsFolder: fresh });
    const stopped = async () => {
      for await (const { id } of teacher.label(streamOf(others), stop)) expect(id).toBe("none");
    };
    await expect(stopped()).rejects.toMatchObject({ code: "E_ABORTED" });
    await teacher.close();
    await rm(fresh, { recursive: true });
  });
});

describe("an encoder-head whose encoder quantizes whole batches", () => {
  let copy: string;
  beforeAll(async () => {
    copy = join(labelsFolder, "copy");
    await cp(MODEL, copy, { recursive: true });
    // A second message of the same type is merged into the first: a node is added to the graph, whose output nobody reads.
    const node = create(NodeProtoSchema, {
      opType: "DynamicQuantizeLinear",
      input: ["embeddings.LayerNorm.weight"],
      output: ["unread", "unread_scale", "unread_zero_point"],
    });
    const more = create(ModelProtoSchema, { graph: create(GraphProtoSchema, { node: [node] }) });
    const weights = join(copy, "onnx", "model_quantized.onnx");
    await writeFile(weights, toBinary(ModelProtoSchema, more), { flag: "a" });
  });

  it("says so once, and what it labels in; the shipped one does not", async () => {
    const warnings: string[] = [];
    const report = (event: ProgressEvent) => {
      if (event.kind === "warning") warnings.push(event.message);
    };
    const shipped = await open({}, { report });
    expect(shipped.plan).toBe("free");
    await shipped.close();
    expect(warnings).toEqual([]);
    const teacher = await open({ model: [copy, { model: copy, prefix: "query: " }] }, { report });
    expect(teacher.plan).toBe("fixed");
    expect(encodersOf(teacher)).toMatchObject([
      { plan: "fixed", batch: 32 },
      { prefix: "query: " },
    ]);
    await teacher.close();
    expect(warnings).toEqual([expect.stringContaining("quantizes whole batches")]);
  });

  it.each([
    ["kept", true, 1],
    ["streamed", false, 1],
    ["joined", true, 2],
  ])(
    "is given texts that only stand beside the others, and answers those: %s",
    async (_, cache, count) => {
      // The added node changes no number: the answers are the shipped encoder's, whatever stands beside a text.
      const fresh = await mkdtemp(join(tmpdir(), "limbeck-fixed-"));
      const changes = { cache, labelsFolder: fresh };
      const free = await answersOf({ model: Array(count).fill(MODEL) }, changes);
      const teacher = await open({ model: Array(count).fill(copy) }, changes);
      const sorted = [...texts].sort((a, b) => (a.id < b.id ? -1 : 1));
      const asked = new Set(others.map(({ id }) => id));
      const answers = await logitsOf(
        teacher,
        sorted.map((text) => (asked.has(text.id) ? text : { ...text, known: true })),
      );
      await teacher.close();
      expect(answers.size).toBe(others.length);
      for (const { id } of others) expect(answers.get(id)).toEqual(free.answers.get(id));
      await rm(fresh, { recursive: true });
    },
  );
});

describe("an encoder-head that is opened from its labels", () => {
  const both = { model: [MODEL, { model: MODEL, pooling: "cls", prefix: "query: " }] };

  async function store(options: Record<string, unknown>) {
    const { teacher, answers } = await answersOf(options);
    const { description, digest, files } = teacher;
    const width = classes.length;
    const kept = await openLabelStore({ folder: labelsFolder, description, digest, width, files });
    kept.close();
    return { teacher, answers, root: kept.root };
  }

  it("needs no labelled text, fits nothing, and answers the same", async () => {
    const { teacher, answers, root } = await store(both);
    const again = await answersOf(both, { fitted: root, labelled: [] });
    expect(again.answers).toEqual(answers);
    expect(again.teacher).toMatchObject({ digest: teacher.digest, labels: classes, heldOut: null });
    expect(again.teacher.description).toEqual(teacher.description);
    const timed = (await kind.openForTiming(optionsOf(both), {
      ...placeOf(),
      labelsFolder,
      digest: teacher.digest,
    }))!;
    const three = others.slice(0, 3);
    expect(await timed.classify(three.map(({ text }) => text))).toEqual(
      three.map(({ id }) => answers.get(id)),
    );
    await timed.close();
  });

  it("names what has changed since, or what is gone", async () => {
    const { root } = await store({});
    const reopen = (options: Record<string, unknown>) => open(options, { fitted: root });
    await expect(reopen({ maxLength: 64 })).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("0.maxLength is 64 instead of 128") as string,
    });
    await expect(reopen(both)).rejects.toMatchObject({ code: "E_TEACHER" });
    await rm(join(root, "head.safetensors"));
    await expect(reopen({})).rejects.toMatchObject({ code: "E_TEACHER" });
    await expect(open({}, { fitted: labelsFolder })).rejects.toThrow("no teacher.json");
  });
});

describe("an encoder-head's held-out answers", () => {
  it("are of fits that have not seen the text: a wrong label does not come back", async () => {
    // The first text is called what it is not. A head that has learned it believes it; one that has not does not.
    const wrong = labelled.map((one, at) => (at === 0 ? { ...one, label: 1 } : one));
    const teacher = await open({ strength: 1000 }, { labelled: wrong });
    const { ids, logits } = teacher.heldOut as Exclude<Teacher["heldOut"], "any" | null>;
    expect(ids).toEqual(wrong.map(({ id }) => id));
    expect(argmax(logits.subarray(0, 3))).toBe(labelled[0]!.label);
    expect(argmax((await logitsOf(teacher, [wrong[0]!])).get(ids[0]!)!)).toBe(1);
    const right = wrong.filter(
      (one, at) => argmax(logits.subarray(3 * at, 3 * at + 3)) === one.label,
    );
    expect(right.length / wrong.length).toBeGreaterThan(0.7);
    await teacher.close();
  });

  it("are spared where nobody wants them and the strength is named", async () => {
    const teacher = await open({ strength: 20 }, { wantsHeldOut: false });
    expect(teacher.heldOut).toBeNull();
    expect(teacher.facts["crossValidation"]).toBeUndefined();
    await teacher.close();
  });

  it("are none where no class has two texts", async () => {
    const single = classes.map((_, label) => labelled.find((one) => one.label === label)!);
    const teacher = await open({}, { labelled: single });
    expect(teacher.heldOut).toBeNull();
    await teacher.close();
  });
});
