import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openBundle } from "../../src/bundle/open.ts";
import { checkParity } from "../../src/bundle/parity.ts";
import { openTrainedStudent } from "../../src/training/open-student.ts";
import { CLASSES, draftTiny, TEXTS, tinyRecipe } from "./tiny-student.ts";

const answers = (...logits: number[]) => ({
  logits: () => Promise.resolve(Float32Array.from(logits)),
});
const options = {
  name: "bilstm",
  texts: ["one", "two"],
  split: "test",
  classes: 2,
  tolerance: 0.25,
};

describe("checkParity", () => {
  it("finds the largest difference and its text", async () => {
    // Differences 0, 0.125, 0.25, 0.0625: the largest on the second text, and not above the tolerance.
    const parity = await checkParity({
      ...options,
      exported: answers(1, 2, 3, 4),
      trained: answers(1, 2.125, 2.75, 4.0625),
    });
    expect(parity).toEqual({
      schema: "limbeck.parity/1",
      split: "test",
      texts: 2,
      largestDifference: 0.25,
      tolerance: 0.25,
      text: "two",
    });
  });

  it("fails above the tolerance: by how much, where, on how many", async () => {
    const compared = checkParity({
      ...options,
      exported: answers(1, 2, 3, 4),
      trained: answers(1.5, 2, 3, 4.375),
    });
    await expect(compared).rejects.toMatchObject({
      code: "E_EXPORT",
      message: expect.stringMatching(
        /within 0\.25, .* differs by 0\.5 on the text "one" \(2 of 2 test texts/,
      ) as string,
    });
  });

  it.each([NaN, Infinity])("fails on %s, which no comparison lets through", async (value) => {
    const exported = answers(1, 2, value, 4);
    await expect(
      checkParity({ ...options, exported, trained: answers(1, 2, 3, 4) }),
    ).rejects.toMatchObject({
      code: "E_EXPORT",
    });
    await expect(checkParity({ ...options, exported, trained: exported })).rejects.toMatchObject({
      code: "E_EXPORT",
    });
  });

  it("fails where the numbers of classes differ", async () => {
    const compared = checkParity({
      ...options,
      exported: answers(1, 2, 3),
      trained: answers(1, 2, 3, 4),
    });
    await expect(compared).rejects.toMatchObject({ code: "E_EXPORT" });
  });
});

describe("an exported file with one weight altered", () => {
  it("is told from its student", async () => {
    const folder = await mkdtemp(join(tmpdir(), "limbeck-parity-"));
    const { run, folder: bundleFolder } = await draftTiny(folder, "bilstm");
    const path = join(bundleFolder, "onnx/model.onnx");
    const trained = await openTrainedStudent(run, join(folder, "train"), tinyRecipe("bilstm"));
    const bias = (await trained.program.saveState()).weights["classifier.bias"]!.data;
    const model = await readFile(path);
    const place = model.indexOf(Buffer.from(bias.buffer, bias.byteOffset, bias.byteLength));
    expect(place).toBeGreaterThan(0);
    // The bias of class 1 is 0.001 higher in the file: every text's logit of that class is too.
    model.writeFloatLE(bias[1]! + 0.001, place + 4);
    await writeFile(path, model);
    const exported = await openBundle(bundleFolder);
    const compared = checkParity({
      ...{ name: "bilstm", exported, trained, texts: TEXTS, split: "test" },
      ...{ classes: CLASSES.length, tolerance: 1e-4 },
    });
    await expect(compared).rejects.toMatchObject({
      code: "E_EXPORT",
      message: expect.stringMatching(
        /differs by 0\.001 on the text .* \(8 of 8 test texts/,
      ) as string,
    });
    await exported.close();
    await trained.close();
    await rm(folder, { recursive: true });
  });
});
