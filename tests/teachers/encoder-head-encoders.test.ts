import { create, toBinary } from "@bufbuild/protobuf";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema } from "onnx-buf";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { argmax } from "../../src/math/softmax.ts";
import type { LabelledText, ProgressEvent, Teacher } from "../../src/types.ts";
import { teacher as kind } from "../../teachers/encoder-head.ts";
import { encoderHeadOptions, listEncoders } from "../../teachers/encoder-head/options.ts";
import { labelled, optionsOf, others, texts, useEncoderHeads } from "./encoder-heads.ts";
import { logitsOf, MODEL, placeOf, streamOf } from "./helpers.ts";

// Each teacher that is opened starts threads of its own, which on a busy machine takes seconds.
vi.setConfig({ testTimeout: 180_000 });

const heads = useEncoderHeads();
const { open, answersOf } = heads;

/** The shipped encoder, with a word about its pooling. */
let first: string;
beforeAll(async () => {
  first = join(heads.labelsFolder, "first");
  await cp(MODEL, first, { recursive: true });
  await mkdir(join(first, "1_Pooling"));
  const config = JSON.stringify({ pooling_mode_cls_token: true });
  await writeFile(join(first, "1_Pooling", "config.json"), config);
});

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
    copy = join(heads.labelsFolder, "copy");
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
