import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { LimbeckError } from "../../src/errors.ts";
import { SHARD_TEXTS } from "../../src/labels/label-store.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { digestOf } from "../../src/platform/digest.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { label } from "../../src/stages/label.ts";
import { writeManifest } from "../../src/stages/manifest.ts";
import type { StageContext } from "../../src/stages/stage.ts";
import { textId } from "../../src/texts/ids.ts";
import { writeSplit } from "../../src/texts/splits.ts";
import type {
  ProgressEvent,
  Teacher,
  TeacherContext,
  TeacherKind,
  TextRow,
} from "../../src/types.ts";

/** What the teacher of these tests does, and what it was asked. */
const teacher = vi.hoisted(() => ({
  labels: ["a", "b"],
  asked: [] as string[],
  context: null as TeacherContext | null,
  beforeAnswer: (_answered: number): void => undefined,
  /** Why a text is set aside; null: it is answered; empty: not a word. */
  leave: (_text: string): string | null => null,
  heldOut: null as Teacher["heldOut"],
}));

const number = (text: string) => Number(text.split(" ")[1]);
/** Logits that only this text has. */
const logitsOf = (text: string) => Float32Array.of(number(text), -number(text));

vi.mock("../../src/registry.ts", () => {
  const kind: TeacherKind = {
    options: z.strictObject({ head: z.string().default("h") }),
    summary: "",
    fingerprint: () => Promise.resolve("fingerprint"),
    lexicon: () => Promise.resolve(null),
    openForTiming: () => Promise.reject(new Error("not here")),
    open(options, context) {
      teacher.context = context;
      const description = { kind: "fake", labels: teacher.labels, ...(options as object) };
      const opened: Teacher = {
        description,
        digest: digestOf(description),
        labels: teacher.labels,
        capacity: 1,
        parameters: 7,
        bytes: 8,
        maxLength: 9,
        facts: { summary: "fake facts" },
        files: { "head.bin": Uint8Array.of(1) },
        heldOut: teacher.heldOut,
        async *label(texts, signal) {
          // In another order than asked: answers carry their ids.
          const list: { id: string; text: string }[] = [];
          for await (const text of texts) list.unshift(text);
          for (const [at, { id, text }] of list.entries()) {
            teacher.beforeAnswer(at);
            if (signal.aborted) throw new LimbeckError("E_ABORTED", "Stopped while labelling.");
            teacher.asked.push(id);
            const reason = teacher.leave(text);
            if (reason) yield { id, reason };
            else if (reason === null) yield { id, logits: logitsOf(text) };
          }
        },
        close: () => Promise.resolve(),
      };
      return Promise.resolve(opened);
    },
  };
  return { teachers: { fake: () => Promise.resolve(kind) } };
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "limbeck-label-"));
  Object.assign(teacher, {
    labels: ["a", "b"],
    asked: [],
    context: null,
    beforeAnswer: () => undefined,
    leave: () => null,
    heldOut: null,
  });
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

const rowOf = (at: number, name: string | null): TextRow => ({
  id: textId(`text ${at}`),
  text: `text ${at}`,
  label: name,
});

/** 2 labelled, `transfer` texts without labels, 1 held out, 3 of test. */
async function prepare(transfer = 20): Promise<TextRow[]> {
  const run = join(root, "run");
  const splits = {
    labelled: [rowOf(0, "b"), rowOf(1, "a")],
    transfer: Array.from({ length: transfer }, (_, at) => rowOf(2 + at, null)),
    validation: [rowOf(100_000, null)],
    test: [rowOf(100_001, "a"), rowOf(100_002, "b"), rowOf(100_003, "a")],
  };
  for (const [split, rows] of Object.entries(splits))
    await writeSplit(run, split as keyof typeof splits, rows);
  await writeManifest(run, {
    schema: "limbeck.stage/1",
    stage: "prepare",
    digest: "prepared",
    finishedAt: "",
    seconds: 0,
    files: {},
    details: { classes: ["a", "b"] },
  });
  return Object.values(splits).flat();
}

function contextOf(
  changes: Partial<StageContext> = {},
  entry: object = {},
): StageContext & { events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return {
    recipe: {
      data: { seed: 3 },
      teacher: { kind: "fake", calibrate: "none", ...entry },
    } as unknown as Recipe,
    recipeFolder: null,
    run: join(root, "run"),
    labelsFolder: join(root, "labels"),
    download: false,
    signal: new AbortController().signal,
    report: (event) => events.push(event),
    events,
    ...changes,
  };
}

describe("label", () => {
  it("labels every text of all four splits once, joined by id", async () => {
    const rows = await prepare();
    const context = contextOf();
    const { details, summary } = await label.run(context);
    expect(details).toMatchObject({ texts: 26, computed: 26, reused: 0 });
    expect([...teacher.asked].sort()).toEqual(rows.map(({ id }) => id).sort());
    const logits = await readLogits(
      details.teacher.store,
      rows.map(({ id }) => id),
    );
    expect(logits).toEqual(Float32Array.from(rows.flatMap(({ text }) => [...logitsOf(text)])));
    expect(details.teacher).toMatchObject({
      kind: "fake",
      labels: ["a", "b"],
      parameters: 7,
      bytes: 8,
      maxLength: 9,
    });
    expect(summary).toMatch(/^26 texts labelled at [\d,]+ texts\/s; fake facts$/);
    expect(context.events.at(-1)).toMatchObject({
      kind: "progress",
      done: 26,
      total: 26,
      unit: "texts",
    });
  });

  it("gives the teacher the bought labels and no other", async () => {
    await prepare();
    await label.run(contextOf());
    // "text 0" is of b, the second class; the gold labels of test reach no teacher.
    expect(teacher.context?.labelled.map(({ text, label: index }) => [text, index])).toEqual([
      ["text 0", 1],
      ["text 1", 0],
    ]);
    expect(teacher.context).toMatchObject({ classes: ["a", "b"], seed: 3 });
  });

  it("says which texts the teacher left unanswered, and why as far as it says", async () => {
    await prepare();
    teacher.leave = (text) => (text === "text 5" ? "too rude" : text === "text 6" ? "" : null);
    const context = contextOf();
    const { details, summary } = await label.run(context);
    expect(details).toMatchObject({
      texts: 26,
      computed: 24,
      reused: 0,
      missing: { "too rude": 1, "without a word from the teacher": 1 },
    });
    expect(details.notes).toEqual([
      "The teacher answered 24 of 26 texts (92.3 %); the others: 1 too rude, 1 without a word from the teacher.",
    ]);
    expect(summary).toContain("; 2 left unanswered; fake facts");
  });

  it("refuses a calibration that cannot be had before anything is labelled", async () => {
    await prepare();
    const context = contextOf({}, { calibrate: "temperature" });
    await expect(label.run(context)).rejects.toThrow(/teacher\.calibrate: none/);
    expect(teacher.asked).toEqual([]);
  });

  it("leaves a calibration in the run, and the logits as they are", async () => {
    await prepare();
    const rows = [rowOf(31, "a"), rowOf(32, "b"), rowOf(33, "a")];
    await writeSplit(join(root, "run"), "labelled", rows);
    teacher.heldOut = "any";
    const { details } = await label.run(contextOf({}, { calibrate: "temperature" }));
    expect(details.calibration).toMatchObject({ method: "temperature", texts: 3, bias: null });
    // Right twice and wrong once by margins of 62, 66 and 64: two thirds are e^(64/T) to 1, about T = 64 ÷ ln 2.
    expect(details.calibration!.temperature / (64 / Math.log(2))).toBeCloseTo(1, 2);
    const kept = await readFile(join(root, "run", "label", "calibration.json"), "utf8");
    expect(JSON.parse(kept)).toEqual(details.calibration);
    const logits = await readLogits(details.teacher.store, [rows[1]!.id]);
    expect([...logits]).toEqual([...logitsOf(rows[1]!.text)]);
  });

  it("labels only what the store lacks", async () => {
    await prepare(5);
    await label.run(contextOf());
    teacher.asked = [];
    await prepare(8);
    const { details, summary } = await label.run(contextOf());
    expect(teacher.asked.sort()).toEqual([7, 8, 9].map((at) => textId(`text ${at}`)).sort());
    expect(details).toMatchObject({ texts: 14, computed: 3, reused: 11 });
    expect(summary).toContain("11 found in the label store");
    const again = await label.run(contextOf());
    expect(again.summary).toBe("14 texts, all found in the label store; fake facts");
  });

  it("saves what it has when it is stopped, and says how to go on", async () => {
    await prepare(3 * SHARD_TEXTS);
    const stop = new AbortController();
    const after = SHARD_TEXTS + 100;
    teacher.beforeAnswer = (answered) => {
      if (answered === after) stop.abort();
    };
    const stopped = label.run(contextOf({ signal: stop.signal }));
    await expect(stopped).rejects.toMatchObject({
      code: "E_ABORTED",
      message: expect.stringContaining("the same command goes on") as string,
    });
    const first = [...teacher.asked];
    expect(first).toHaveLength(after);
    teacher.asked = [];
    teacher.beforeAnswer = () => undefined;
    const { details } = await label.run(contextOf());
    expect(details).toMatchObject({ computed: 3 * SHARD_TEXTS + 6 - after, reused: after });
    expect(teacher.asked.filter((id) => first.includes(id))).toEqual([]);
  });

  it("saves what it has when the teacher fails, and passes the error on", async () => {
    await prepare(20);
    teacher.beforeAnswer = (answered) => {
      if (answered === 10) throw new LimbeckError("E_TEACHER", "broke down");
    };
    await expect(label.run(contextOf())).rejects.toMatchObject({
      code: "E_TEACHER",
      message: "broke down",
    });
    teacher.beforeAnswer = () => undefined;
    expect((await label.run(contextOf())).details).toMatchObject({ computed: 16, reused: 10 });
  });

  it("names the classes that only one of teacher and data knows, and another order", async () => {
    await prepare();
    teacher.labels = ["a", "c"];
    await expect(label.run(contextOf())).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("the data also has b; the teacher also has c") as string,
    });
    teacher.labels = ["b", "a"];
    await expect(label.run(contextOf())).rejects.toThrow("in another order");
    // Nothing was labelled under a wrong name.
    expect(await readdir(root)).toEqual(["run"]);
  });

  it("depends on the texts, the teacher's options and files, and the seed", async () => {
    await prepare();
    expect(await label.inputs(contextOf())).toEqual({
      teacher: { kind: "fake", calibrate: "none" },
      seed: 3,
      fingerprint: "fingerprint",
      digests: ["prepared"],
    });
    await expect(label.inputs(contextOf({}, { kind: "other" }))).rejects.toMatchObject({
      code: "E_RECIPE",
    });
  });
});
