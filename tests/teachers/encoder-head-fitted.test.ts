import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { argmax } from "../../src/math/softmax.ts";
import type { Teacher } from "../../src/types.ts";
import { teacher as kind } from "../../teachers/encoder-head.ts";
import { classes, labelled, optionsOf, others, useEncoderHeads } from "./encoder-heads.ts";
import { logitsOf, MODEL, placeOf } from "./helpers.ts";

// Each teacher that is opened starts threads of its own, which on a busy machine takes seconds.
vi.setConfig({ testTimeout: 180_000 });

const heads = useEncoderHeads();
const { open, answersOf } = heads;

describe("an encoder-head that is opened from its labels", () => {
  const both = { model: [MODEL, { model: MODEL, pooling: "cls", prefix: "query: " }] };

  async function store(options: Record<string, unknown>) {
    const { teacher, answers } = await answersOf(options);
    const { description, digest, files } = teacher;
    const width = classes.length;
    const kept = await openLabelStore({
      folder: heads.labelsFolder,
      description,
      digest,
      width,
      files,
    });
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
      labelsFolder: heads.labelsFolder,
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
    await expect(open({}, { fitted: heads.labelsFolder })).rejects.toThrow("no teacher.json");
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
