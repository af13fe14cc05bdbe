import { describe, expect, it, vi } from "vitest";
import { failure, load, MINIMAL } from "./load-text.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

describe("loadRecipe: --set", () => {
  it("overrides single keys and reads values as YAML", async () => {
    const { recipe } = await load(MINIMAL, [
      "train.epochs=5",
      "train.seeds=[4, 5]",
      "data.labelled.perClass=3",
      "data.source=*.csv",
      "student.hidden=64",
      "export={tolerance: 0.001}",
    ]);
    expect(recipe.train).toMatchObject({ epochs: 5, seeds: [4, 5], batch: 64 });
    expect(recipe.data).toMatchObject({ labelled: { perClass: 3 }, source: "*.csv" });
    expect(recipe.student[0]).toMatchObject({ kind: "bilstm", hidden: 64 });
    expect(recipe.export).toEqual({ formats: ["onnx"], tolerance: 0.001 });
  });

  it("reaches into lists by index, and lets the last flag win", async () => {
    const text = `${MINIMAL}student:\n  - kind: bilstm\n  - kind: transformer\n`;
    const set = [
      "student.1.layers=3",
      "student.1.layers=4",
      "student.2={kind: bilstm, name: wide, hidden: 256}",
    ];
    const { recipe } = await load(text, set);
    expect(recipe.student.map((student) => student["layers"] ?? student["hidden"])).toEqual([
      128, 4, 256,
    ]);
  });

  it("points at the flag of an unknown key", async () => {
    expect(await failure(MINIMAL, ["train.epohcs=5"])).toBe(
      [
        '--set: Expected a key of train, got "epohcs". Did you mean "epochs"?',
        "  --set train.epohcs=5",
        "              ^^^^^^",
      ].join("\n"),
    );
    expect(await failure(MINIMAL, ["trian.epochs=5"])).toBe(
      [
        '--set: Expected a key of the recipe, got "trian". Did you mean "train"?',
        "  --set trian.epochs=5",
        "        ^^^^^",
      ].join("\n"),
    );
  });

  it("points at the flag of a wrong value", async () => {
    expect(await failure(MINIMAL, ["train.epochs=many"])).toBe(
      [
        '--set: Expected train.epochs to be a whole number, 1 or more, got "many".',
        "  --set train.epochs=many",
        "                     ^^^^",
      ].join("\n"),
    );
  });

  it("asks for the index of a list, and for one that is there", async () => {
    const text = `${MINIMAL}student:\n  - kind: bilstm\n`;
    expect(await failure(text, ["student.hidden=5"])).toContain(
      'Expected an index, since student is a list of 1, got "hidden". Write for example student.0.hidden.',
    );
    expect(await failure(text, ["student.3.hidden=5"])).toContain(
      "Expected an index from 0 to 1 in student (1 adds one), got 3.",
    );
  });

  it.each(["train.epochs", "=5", "train..epochs=5"])("refuses %s as usage", async (text) => {
    await expect(load(MINIMAL, [text])).rejects.toMatchObject({
      code: "E_USAGE",
      message: `--set ${text}: Expected KEY=VALUE, got "${text}". Write for example --set train.epochs=5.`,
    });
  });

  it("refuses a value that is no YAML as usage", async () => {
    await expect(load(MINIMAL, ["train.seeds=[1, 2"])).rejects.toMatchObject({ code: "E_USAGE" });
  });
});
