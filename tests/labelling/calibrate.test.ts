import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { calibrate, checkCalibration } from "../../src/labelling/calibrate.ts";
import { openStore } from "../../src/labelling/stored-teacher.ts";
import { fitCalibration } from "../../src/math/calibration.ts";
import { Random } from "../../src/math/random.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { textId } from "../../src/texts/ids.ts";
import type { LabelledText, Teacher } from "../../src/types.ts";
import { fakeTeacher } from "../helpers/fake-teacher.ts";

const CLASSES = ["a", "b", "c"];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-calibrate-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Texts of one split; every name is another text. */
function goldTexts(split: string, count: number): LabelledText[] {
  return Array.from({ length: count }, (_, at) => {
    const text = `${split} ${at}`;
    return { id: textId(text), text, label: at % 3 };
  });
}

/** Noisy logits, `size` times as large as they should be. */
function noisyLogits(texts: readonly LabelledText[], size: number): Float32Array {
  const random = new Random("noisy", texts.length);
  return Float32Array.from(
    texts.flatMap(({ label }) =>
      CLASSES.map((_, at) => size * ((at === label ? 2 : 0) + 1.5 * random.normal())),
    ),
  );
}

const LABELLED = goldTexts("labelled", 120);
const VALIDATION = goldTexts("validation", 90);
const gold = { labelled: LABELLED, validation: VALIDATION };

async function openWith(more: Partial<Teacher> = {}) {
  const description = { kind: "fake", labels: CLASSES };
  const teacher = fakeTeacher({
    description,
    labels: CLASSES,
    label: () => {
      throw new Error("not asked here");
    },
    ...more,
  });
  const store = await openStore(teacher, { labelsFolder: folder, report: () => undefined });
  // Of the labelled texts the teacher has seen the labels: their answers are far too sure.
  const ids = (texts: readonly LabelledText[]) => texts.map(({ id }) => id);
  await store.append(ids(LABELLED), noisyLogits(LABELLED, 50));
  await store.append(ids(VALIDATION), noisyLogits(VALIDATION, 4));
  return { teacher, store, gold, seed: 0, method: "temperature" as const };
}

const temperatureOf = async (texts: readonly LabelledText[], size: number) => {
  const labels = Int32Array.from(texts, ({ label }) => label);
  const fitted = await fitCalibration(
    { logits: noisyLogits(texts, size), labels, classes: 3 },
    { bias: false },
  );
  return (fitted as { temperature: number }).temperature;
};

describe("calibrate", () => {
  it("fits on the validation texts where they have gold labels, and keeps it beside the labels", async () => {
    const { calibration, warnings } = await calibrate(await openWith());
    expect(calibration).toMatchObject({ fittedOn: "validation", texts: 90, bias: null });
    expect(calibration!.temperature).toBeCloseTo(await temperatureOf(VALIDATION, 4), 9);
    expect(calibration!.after.nll).toBeLessThan(calibration!.before.nll);
    expect(calibration!.after.ece).toBeLessThan(calibration!.before.ece);
    expect(warnings).toEqual([
      "The calibration was fitted on 90 texts only: temperature and errors are rough.",
    ]);
    const { digest } = calibration!;
    const root = join(folder, digestOf({ kind: "fake", labels: CLASSES }));
    const kept = await readFile(join(root, "calibration", `${digest}.json`), "utf8");
    expect(JSON.parse(kept)).toEqual(calibration);
  });

  it("takes held-out answers, never those that have seen the labels", async () => {
    const ids = LABELLED.map(({ id }) => id).reverse();
    const logits = noisyLogits(LABELLED.toReversed(), 3);
    const options = await openWith({ heldOut: { ids, logits } });
    const given = { ...options, gold: { labelled: LABELLED, validation: [] } };
    const { calibration } = await calibrate(given);
    expect(calibration).toMatchObject({ fittedOn: "held-out", texts: 120 });
    expect(calibration!.temperature).toBeCloseTo(await temperatureOf(LABELLED.toReversed(), 3), 6);
  });

  it("leaves a validation split alone that the teacher has used", async () => {
    const options = await openWith({ usesValidation: true, heldOut: "any" });
    const { calibration } = await calibrate(options);
    expect(calibration).toMatchObject({ fittedOn: "held-out", texts: 120 });
  });

  it("measures what it does on folds that a fit has not seen", async () => {
    // With as many biases as that, a fit flatters the texts that it was fitted on.
    const { teacher, store, seed } = await openWith();
    const few = { labelled: LABELLED, validation: VALIDATION.slice(0, 12) };
    const options = { teacher, store, seed, gold: few, method: "temperature+bias" as const };
    const { calibration } = await calibrate(options);
    const { temperature, bias, after } = calibration!;
    const logits = await store.read(few.validation.map(({ id }) => id));
    let inSample = 0;
    few.validation.forEach(({ label }, text) => {
      const row = [0, 1, 2].map((at) => logits[3 * text + at]! / temperature + bias![at]!);
      const sum = row.reduce((all, value) => all + Math.exp(value), 0);
      inSample -= (row[label]! - Math.log(sum)) / few.validation.length;
    });
    expect(after.nll).toBeGreaterThan(inSample);
  });

  it("gives up with a reason where no temperature is the best", async () => {
    const options = await openWith();
    const right = VALIDATION.filter((_, text) => text < 3);
    const own = { ...options, gold: { labelled: LABELLED, validation: right } };
    const logits = Float32Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9);
    const held = { heldOut: { ids: right.map(({ id }) => id), logits } };
    const teacher = { ...own.teacher, ...held, usesValidation: true };
    const given = { ...own, teacher, gold: { labelled: right, validation: [] } };
    const { calibration, warnings } = await calibrate(given);
    expect(calibration).toBeNull();
    expect(warnings[0]).toMatch(/right on all texts/);
  });
});

describe("checkCalibration", () => {
  it("refuses before anything is labelled where every gold label was learned from", async () => {
    const { teacher } = await openWith();
    const none = { labelled: LABELLED, validation: [] };
    const refused = /data\.source\.validation, or set teacher\.calibrate: none/;
    expect(() => {
      checkCalibration("temperature", teacher, none);
    }).toThrow(refused);
    expect(() => {
      checkCalibration("none", teacher, none);
    }).not.toThrow();
    expect(() => {
      checkCalibration("temperature", { ...teacher, heldOut: "any" }, none);
    }).not.toThrow();
  });
});
