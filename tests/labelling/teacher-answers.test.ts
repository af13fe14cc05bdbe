import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listReasons, readAnswers } from "../../src/labelling/teacher-answers.ts";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { textId } from "../../src/texts/ids.ts";
import type { CalibrationDetails, LabelDetails } from "../../src/types.ts";

const LABELS = ["b", "a"];
const ids = ["one", "two", "three"].map(textId);
let folder: string;
let label: LabelDetails;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-answers-"));
  const description = { kind: "fake", labels: LABELS };
  const digest = digestOf(description);
  const store = await openLabelStore({ folder, description, digest, width: 2 });
  await store.append(ids.slice(0, 2), Float32Array.of(1, 2, 30, 40));
  store.close();
  label = {
    teacher: { store: store.root, labels: LABELS } as LabelDetails["teacher"],
    missing: { "too rude": 1 },
    calibration: null,
  } as Partial<LabelDetails> as LabelDetails;
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("readAnswers", () => {
  it("puts the columns into the order of the data's classes and names the gaps", async () => {
    const { logits, missing } = await readAnswers({ label, classes: ["a", "b"], ids });
    expect([...logits.subarray(0, 4)]).toEqual([2, 1, 40, 30]);
    expect([...missing]).toEqual([2]);
  });

  it("calibrates, each bias to the class of the teacher that it belongs to", async () => {
    const calibration = { temperature: 2, bias: [0.25, -0.25] } as CalibrationDetails;
    const given = { label: { ...label, calibration }, classes: ["a", "b"], ids: ids.slice(0, 2) };
    // a: 2/2 − ¼ and 40/2 − ¼; b: 1/2 + ¼ and 30/2 + ¼
    expect([...(await readAnswers(given)).logits]).toEqual([0.75, 0.75, 19.75, 15.25]);
    const raw = await readAnswers({ ...given, calibrated: false });
    expect([...raw.logits]).toEqual([2, 1, 40, 30]);
  });

  it("refuses more gaps than the label stage left: labels were lost since", async () => {
    const options = { classes: ["a", "b"], ids };
    await expect(readAnswers({ label: { ...label, missing: {} }, ...options })).rejects.toThrow(
      /at most 0 texts without labels in .*, got 1: labels were lost since/,
    );
  });
});

describe("listReasons", () => {
  it("has the commonest first", () => {
    expect(listReasons({ "too rude": 1, "not in x.csv": 1200 })).toBe(
      "1,200 not in x.csv, 1 too rude",
    );
  });
});
