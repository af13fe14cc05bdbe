import { cp, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { teacher as kind } from "../../teachers/encoder-head.ts";
import { encoderHeadOptions } from "../../teachers/encoder-head/options.ts";
import { contextOf, MODEL, placeOf, splitBankingTexts } from "./helpers.ts";

const options = encoderHeadOptions.parse({ model: MODEL });
const { classes, labelled } = splitBankingTexts({ intents: 5, perClass: 30, labelled: 8 });

let labelsFolder: string;
beforeAll(async () => {
  labelsFolder = await mkdtemp(join(tmpdir(), "limbeck-teacher-"));
});
afterAll(async () => {
  await rm(labelsFolder, { recursive: true });
});

describe("encoder-head without what it needs", () => {
  const open = (changes: Partial<Parameters<typeof contextOf>[0]>, model = MODEL) =>
    kind.open(
      { ...options, model, strength: 1 },
      contextOf({ labelled, classes, labelsFolder, workers: 1, ...changes }),
    );

  it("explains that it needs labelled texts, of every class", async () => {
    await expect(open({ labelled: [] })).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("got none") as string,
    });
    const without = open({ labelled: labelled.filter(({ label }) => label !== 2) });
    await expect(without).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining(classes[2]!) as string,
    });
    const foreign = open({ labelled: [...labelled, { ...labelled[0]!, label: 5 }] });
    await expect(foreign).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("got 5") as string,
    });
  });

  it("checks its options: no unknown key, no unknown dtype", () => {
    expect(encoderHeadOptions.safeParse({ model: "x", dtype: "q9" }).success).toBe(false);
    expect(encoderHeadOptions.safeParse({ model: "x", strenght: 1 }).success).toBe(false);
    expect(encoderHeadOptions.safeParse({ model: "x", strength: 0 }).success).toBe(false);
    expect(encoderHeadOptions.parse({ model: "x" })).toMatchObject({
      strength: "auto",
      maxLength: 128,
      batch: 32,
      dtype: "q8",
    });
  });

  describe("in a model folder", () => {
    let model: string;
    const weights = () => join(model, "onnx", "model_quantized.onnx");
    beforeEach(async () => {
      model = await mkdtemp(join(tmpdir(), "limbeck-model-"));
      await cp(MODEL, model, { recursive: true });
    });
    afterEach(async () => {
      await rm(model, { recursive: true });
    });
    const expectError = async (...parts: string[]) => {
      const thrown: unknown = await open({}, model).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(thrown).toMatchObject({ code: "E_TEACHER" });
      for (const part of [model, ...parts]) expect((thrown as Error).message).toContain(part);
    };

    it("names a folder that is not there, or a file", async () => {
      await rm(model, { recursive: true });
      await expectError("no such folder");
      await writeFile(model, "");
      await expectError("a file");
      await rm(model);
      await mkdir(model);
    });

    it.each(["config.json", "tokenizer.json", "onnx/model_quantized.onnx"])(
      "names a missing or empty %s",
      async (file) => {
        await truncate(join(model, file), 0);
        await expectError(file, "an empty file");
        await rm(join(model, file));
        await expectError(file, "no such file");
      },
    );

    it("names an ONNX file that is cut short", async () => {
      await truncate(weights(), 10_000_000);
      await expectError();
    });

    it("names a tokenizer that is no JSON, and a config with the wrong width", async () => {
      await writeFile(join(model, "tokenizer.json"), "{ not json");
      await expectError("tokenizer");
      await cp(join(MODEL, "tokenizer.json"), join(model, "tokenizer.json"));
      await writeFile(
        join(model, "config.json"),
        JSON.stringify({ model_type: "bert", hidden_size: 256 }),
      );
      await expectError("256");
    });

    it("has a fingerprint that changes with any file", async () => {
      const fingerprint = () => kind.fingerprint(options, { ...placeOf(), resolve: () => model });
      const before = await fingerprint();
      expect(await fingerprint()).toBe(before);
      await writeFile(join(model, "tokenizer_config.json"), "{}");
      expect(await fingerprint()).not.toBe(before);
    });
  });

  it("leaves nothing behind where it fails before it starts", async () => {
    const fresh = await mkdtemp(join(tmpdir(), "limbeck-none-"));
    await expect(open({ labelsFolder: fresh, labelled: [] })).rejects.toThrow();
    expect(await readdir(fresh)).toEqual([]);
    await rm(fresh, { recursive: true });
  });
});
