import { describe, expect, it, vi } from "vitest";
import { failure, MINIMAL } from "./load-text.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

describe("loadRecipe: what is wrong with keys", () => {
  it("points at a misspelt key and suggests the nearest", async () => {
    expect(await failure(`${MINIMAL}train:\n  epohcs: 5\n`)).toBe(
      [
        'r.yaml:7:3: Expected a key of train, got "epohcs". Did you mean "epochs"?',
        "     7 |   epohcs: 5",
        "       |   ^^^^^^",
      ].join("\n"),
    );
  });

  it("lists the keys where none is near", async () => {
    expect(await failure(`${MINIMAL}export: { colour: red }\n`)).toBe(
      [
        'r.yaml:6:11: Expected a key of export, got "colour". Known keys: formats, tolerance.',
        "     6 | export: { colour: red }",
        "       |           ^^^^^^",
      ].join("\n"),
    );
  });

  it("knows a plug-in's own keys, and those that all students share", async () => {
    expect(await failure(`${MINIMAL}student: { kind: bilstm, hiden: 64 }\n`)).toContain(
      'r.yaml:6:26: Expected a key of student, got "hiden". Did you mean "hidden"?',
    );
    expect(
      await failure(`${MINIMAL}student:\n  - kind: transformer\n    embeding: {}\n`),
    ).toContain(
      'r.yaml:8:5: Expected a key of student.0, got "embeding". Did you mean "embedding"?',
    );
    // hidden belongs to bilstm only
    expect(await failure(`${MINIMAL}student: { kind: transformer, hidden: 64 }\n`)).toContain(
      'Expected a key of student, got "hidden". Known keys: kind, name, embedding, layers, activation.',
    );
  });

  it("says which key is missing, and what belongs there", async () => {
    expect(await failure("data:\n  source: a.csv\n")).toBe(
      [
        "r.yaml:1:1: Expected the key teacher, got none. Add teacher: the large model that labels the " +
          "transfer set (a mapping with kind).",
        "     1 | data:",
        "       | ^",
      ].join("\n"),
    );
    expect(await failure("data:\n  source: a.csv\nteacher:\n  kind: encoder-head\n")).toContain(
      "r.yaml:3:1: Expected the key model in teacher, got none. Add model: folder of the encoder (text).",
    );
  });

  it("takes a missing key and its misspelling for one mistake", async () => {
    const message = await failure(MINIMAL.replace("model:", "modle:"));
    expect(message.split("\n")[0]).toBe(
      'r.yaml:5:3: Expected a key of teacher, got "modle". Did you mean "model"?',
    );
    expect(message.split("\n")).toHaveLength(3);
  });

  it("refuses a key that would reach an object's prototype", async () => {
    expect(await failure(`${MINIMAL}__proto__: { polluted: 1 }\n`)).toContain('got "__proto__"');
    expect(await failure(MINIMAL, ["__proto__.polluted=1"])).toContain('got "__proto__"');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("shows several mistakes together, in the order of the file", async () => {
    const message = await failure(
      `nmae: x\n${MINIMAL}student: { hidden: many }\ntrain: { epochs: 0 }\ncontrols: [linea]\n`,
    );
    expect(message.split("\n").filter((line) => line.startsWith("r.yaml"))).toEqual([
      'r.yaml:1:1: Expected a key of the recipe, got "nmae". Did you mean "name"?',
      'r.yaml:7:20: Expected student.hidden to be a whole number, 1 or more, got "many".',
      "r.yaml:8:18: Expected train.epochs to be a whole number, 1 or more, got 0.",
      'r.yaml:9:12: Expected controls.0 to be one of hard-label, linear, majority, got "linea". Did you mean "linear"?',
    ]);
  });
});
