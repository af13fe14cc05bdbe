import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findKind } from "../../src/labelling/find-kind.ts";
import { isModulePath } from "../../src/labelling/plug-in/module-path.ts";
import { loadModule } from "../../src/labelling/plug-in/load-module.ts";
import { digestOf, sha256 } from "../../src/platform/digest.ts";
import { loadRecipe } from "../../src/recipe/load.ts";
import type { TeacherAnswer, TeacherContext, TeacherPlace } from "../../src/types.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-module-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A whole module; `logits` is the code of an answer's. A schema is whatever has the two functions that are called. */
const moduleText = (logits: string, summary = "says the same") => `
const options = {
  safeParse: (data: unknown) => ({ success: true, data }),
  parse: (data: unknown) => data,
};
export const teacher = {
  options,
  summary: ${JSON.stringify(summary)},
  fingerprint: () => Promise.resolve("f"),
  lexicon: () => Promise.resolve(null),
  openForTiming: () => Promise.resolve(null),
  open: () => Promise.resolve({
    description: { kind: "same" }, digest: "made up", labels: ["a", "b"], capacity: 8, facts: {}, files: {},
    async *label(texts: AsyncIterable<{ id: string }>) {
      for await (const { id } of texts) yield { id, logits: ${logits} };
    },
    close: () => Promise.resolve(),
  }),
};
`;

const write = (name: string, text: string) => writeFile(join(folder, name), text);
const place = {} as TeacherPlace;
const open = async (name: string) =>
  await (await loadModule(name, folder)).open({}, {} as TeacherContext);

async function label(name: string): Promise<TeacherAnswer[]> {
  const teacher = await open(name);
  const texts = (async function* () {
    yield await Promise.resolve({ id: "0".repeat(32), text: "t" });
  })();
  const answers: TeacherAnswer[] = [];
  for await (const answer of teacher.label(texts, new AbortController().signal))
    answers.push(answer);
  return answers;
}

describe("isModulePath", () => {
  it("tells a file from a name in teachers/", () => {
    const paths = ["./a", "../a.ts", "/b/a", "a.ts", "a.mjs", "teachers/a.js", "a.mts"];
    expect(paths.filter((path) => !isModulePath(path))).toEqual([]);
    const names = ["encoder-head", "llm", "zero-shot", "a.yaml", ".hidden"];
    expect(names.filter((name) => isModulePath(name))).toEqual([]);
  });
});

describe("loadModule", () => {
  it("puts the module's hash into description, digest and fingerprint", async () => {
    const text = moduleText("Float32Array.of(1, 2)");
    await write("t.ts", text);
    const teacher = await open("./t.ts");
    const description = { kind: "same", module: sha256(text) };
    expect(teacher.description).toEqual(description);
    // Not the digest that the module itself claims.
    expect(teacher.digest).toBe(digestOf(description));
    const before = await (await loadModule("./t.ts", folder)).fingerprint({}, place);
    await write("t.ts", `${text}// another comment\n`);
    expect(await (await loadModule("./t.ts", folder)).fingerprint({}, place)).not.toBe(before);
  });

  it("runs what the file holds now, not what it held when it was first loaded", async () => {
    await write("t.ts", moduleText("Float32Array.of(1, 2)"));
    expect(await label("./t.ts")).toEqual([{ id: "0".repeat(32), logits: Float32Array.of(1, 2) }]);
    await write("t.ts", moduleText("Float32Array.of(3, 4)"));
    expect(await label("./t.ts")).toEqual([{ id: "0".repeat(32), logits: Float32Array.of(3, 4) }]);
  });

  it("fills in what a module leaves out", async () => {
    await write("t.ts", moduleText("Float32Array.of(1, 2)"));
    const { parameters, bytes, maxLength, heldOut } = await open("./t.ts");
    expect([parameters, bytes, maxLength, heldOut]).toEqual([null, null, null, null]);
  });

  it("looks beside the recipe only, and is what findKind finds", async () => {
    await mkdir(join(folder, "inner"));
    await write("t.ts", moduleText("Float32Array.of(1, 2)", "beside"));
    const { kind } = await findKind({ kind: "../t.ts" }, join(folder, "inner"));
    expect(kind.summary).toBe("beside");
    await expect(findKind({ kind: "./t.ts" }, join(folder, "inner"))).rejects.toMatchObject({
      code: "E_RECIPE",
      message: `Expected the teacher ./t.ts at ${join(folder, "inner", "t.ts")}, got no such file. Teacher modules are looked for from the recipe's folder only.`,
    });
  });

  it.each([
    ["export const other = 1;", "to export teacher, got only other. Add: export const teacher"],
    ["const other = 1;", "to export teacher, got no exports"],
    ["export const teacher = 7;", "to be an object, got a number"],
    [
      "export const teacher = { options: { safeParse() {} }, summary: 's', open() {}, lexicon: 1 };",
      "got one without fingerprint (a function), lexicon (a function), openForTiming (a function).",
    ],
    [
      "throw new TypeError('boom');",
      "to load, got TypeError: boom at FOLDER/t.mjs:1:7. Mend the module.",
    ],
  ])("%s is refused", async (text, message) => {
    // JavaScript, so that lines are those of the file.
    await write("t.mjs", text);
    const thrown = (await loadModule("./t.mjs", folder).catch((error: unknown) => error)) as Error;
    expect(thrown).toMatchObject({ code: "E_RECIPE" });
    expect(thrown.message).toContain(message.replace("FOLDER", folder));
  });

  it.each([
    ["[1, 2]", "got an array instead of a Float32Array"],
    ["Float32Array.of(1)", "got 1 of them"],
    ["Float32Array.of(1, NaN)", "got NaN for class 1"],
    ["Float32Array.of(-Infinity, 1)", "got -Infinity for class 0"],
  ])("logits %s are refused before they are stored", async (logits, message) => {
    await write("t.ts", moduleText(logits));
    await expect(label("./t.ts")).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining(message) as string,
    });
  });

  it("names what open() forgot", async () => {
    const text = moduleText("Float32Array.of(1, 2)").replace("facts: {}, files: {},", "");
    await write("t.ts", text);
    await expect(open("./t.ts")).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("one without facts, files.") as string,
    });
  });
});

describe("a recipe that names a module", () => {
  it("shows what is wrong with it at its place in the file", async () => {
    await write("r.yaml", "data: { source: a.csv }\nteacher:\n  kind: ./none.ts\n");
    await expect(loadRecipe(join(folder, "r.yaml"))).rejects.toMatchObject({
      code: "E_RECIPE",
      message: expect.stringMatching(
        /r\.yaml:3:9: Expected the teacher \.\/none\.ts at .*none\.ts, got no such file\..*\n.*\n +\| {9}\^{9}$/,
      ) as string,
    });
  });
});
