import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadRecipe } from "../../src/recipe/load.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-recipe-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** The message for a file with this content. */
async function failure(content: string | Uint8Array, name = "r.yaml"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return await failureOf(path);
}

async function failureOf(path: string): Promise<string> {
  try {
    await loadRecipe(path);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "E_RECIPE" });
    return (thrown as Error).message.replaceAll(`${folder}/`, "");
  }
  throw new Error("no error was thrown");
}

describe("a recipe that cannot be read", () => {
  it("is missing", async () => {
    expect(await failureOf(join(folder, "none.yaml"))).toBe(
      "Expected a recipe at none.yaml, got no such file. " +
        "Try recipes/quickstart.yaml, or have one written for your texts: npx limbeck init FILE",
    );
  });

  it("is a folder", async () => {
    await mkdir(join(folder, "some"));
    expect(await failureOf(join(folder, "some"))).toBe(
      "some: Expected a recipe file, got a folder. Name the .yaml file.",
    );
    await writeFile(join(folder, "some", "recipe.yaml"), "");
    expect(await failureOf(join(folder, "some"))).toContain("Its recipe is some/recipe.yaml.");
  });

  it.each(["", "\n  \n"])("is empty: %j", async (content) => {
    expect(await failure(content)).toBe(
      "r.yaml: Expected a recipe, got an empty file. Start from recipes/your-texts.yaml, or: npx limbeck init FILE",
    );
  });

  it("holds comments only", async () => {
    expect(await failure("# nothing yet\n")).toContain(
      "r.yaml: Expected a recipe, got a file without any key.",
    );
  });

  it("is binary, or in Latin-1", async () => {
    expect(await failure(new Uint8Array([80, 75, 0, 4]))).toBe(
      "r.yaml: Expected a YAML recipe, got a binary file. Save it as UTF-8.",
    );
    expect(await failure(Buffer.from("name: caf\u00e9\n", "latin1"))).toBe(
      "r.yaml: Expected a recipe in UTF-8, got other bytes. Save it as UTF-8.",
    );
  });

  it("is the texts themselves", async () => {
    expect(await failure("text,label\n", "t.csv")).toBe(
      "t.csv: Expected a YAML recipe, got t.csv. " +
        "If these are your texts, have a recipe written for them: npx limbeck init t.csv",
    );
  });

  it("reads a file that begins with a byte-order mark", async () => {
    const path = join(folder, "mark.yaml");
    await writeFile(path, "\ufeffdata: { source: a }\nteacher: { kind: zero-shot }\n");
    expect((await loadRecipe(path)).recipe.name).toBe("mark");
  });
});

describe("a recipe that is not YAML, or no mapping", () => {
  it.each([
    [
      "a tab before a key",
      "data:\n\tsource: a\n",
      "r.yaml:2:1: Expected spaces before a key, got a tab. Indent with two spaces.\n     2 | \tsource: a\n       | ^",
    ],
    [
      "a key twice",
      "data: { source: a }\nname: x\nname: y\n",
      "r.yaml:3:1: Expected each key once, got it twice in one mapping. Remove one of the two.\n" +
        "     3 | name: y\n       | ^",
    ],
    [
      "two documents",
      "name: x\n---\nname: y\n",
      "r.yaml:2:1: Expected one recipe in the file, got a second one after ---. Put it in a file of its own.\n" +
        "     2 | ---\n       | ^^^",
    ],
    [
      "an unclosed quote",
      'name: "x\n',
      "r.yaml:1:7: Expected a closing quote, got the end of the file. Close the quote that is opened here.\n" +
        '     1 | name: "x\n       |       ^',
    ],
    [
      "a bare glob",
      "data:\n  source: *.csv\n",
      "r.yaml: Expected YAML: Unresolved alias (the anchor must be set before the alias): .csv. " +
        "A value that starts with * must be quoted.",
    ],
    [
      "a text",
      "hello\n",
      'r.yaml:1:1: Expected a mapping of keys such as data and teacher, got the text "hello". ' +
        "Start from recipes/your-texts.yaml, or have one written: npx limbeck init FILE\n     1 | hello\n       | ^^^^^",
    ],
    [
      "a list",
      "- a\n- b\n",
      "r.yaml:1:1: Expected a mapping of keys such as data and teacher, got a list. " +
        "Start from recipes/your-texts.yaml, or have one written: npx limbeck init FILE\n     1 | - a\n       | ^",
    ],
    [
      "an unknown tag",
      "name: !python/object x\n",
      "r.yaml:1:7: Expected YAML: Unresolved tag: !python/object. Mend this line; quoting a value often helps.\n" +
        "     1 | name: !python/object x\n       |       ^^^^^^^^^^^^^^",
    ],
  ])("%s", async (_what, content, expected) => {
    expect(await failure(content)).toBe(expected);
  });
});
