import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { STAGES } from "../../src/types.ts";
import { limbeck } from "../helpers/command-line.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-cli-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function run(words: readonly string[]) {
  const { code: exitCode, stdout, stderr } = await limbeck(words, { folder });
  return { exitCode, stdout, stderr };
}

describe("limbeck", () => {
  it("shows every command and examples with --help", async () => {
    const { exitCode, stdout, stderr } = await run(["--help"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    for (const command of ["run", ...STAGES, "predict", "init", "recipe"]) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    }
    expect(stdout).toContain(
      'npx limbeck predict runs/quickstart/export/bilstm "my card was swallowed"',
    );
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    ) as {
      version: string;
    };
    expect(await run(["--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([
    [["rnu", "a.yaml"], "error: unknown command 'rnu'\n(Did you mean run?)"],
    [
      ["run", "--form", "train", "a.yaml"],
      "error: unknown option '--form'\n(Did you mean --from?)",
    ],
    [["run"], "error: missing required argument 'recipe'"],
    [["run", "a.yaml", "b.yaml"], "error: too many arguments for 'run'."],
    [
      ["run", "a.yaml", "--from", "trian"],
      "argument 'trian' is invalid. Allowed choices are prepare, label, train",
    ],
    [["recipe", "chekc"], "error: unknown command 'chekc'\n(Did you mean check?)"],
    [["predict"], "error: missing required argument 'bundle'"],
    [["predict", "b", "t", "--top", "none"], "Expected a whole number, 1 or more."],
    [["run", "a.yaml", "--set", "train.epochs"], "--set train.epochs: Expected KEY=VALUE"],
    [
      ["label", "a.yaml", "--from", "train"],
      "Expected --from to name label or a stage before it, got train.",
    ],
  ])("%j is a mistake in usage", async (words, message) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("shows help and leaves with 2 where no command is given", async () => {
    const { exitCode, stderr } = await run([]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Usage: limbeck [options] [command]");
  });
});

describe("an error that the user can mend", () => {
  it("is told without a stack, with exit code 1, and leaves no file", async () => {
    await writeFile(
      join(folder, "a.yaml"),
      "data: { source: a.csv }\nteacher: { kind: encoder-head, modle: m }\n",
    );
    const before = await readdir(folder);
    const { exitCode, stdout, stderr } = await run(["run", "a.yaml"]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      [
        'a.yaml:2:32: Expected a key of teacher, got "modle". Did you mean "model"?',
        "     2 | teacher: { kind: encoder-head, modle: m }",
        "       |                                ^^^^^",
        "",
      ].join("\n"),
    );
    expect(await readdir(folder)).toEqual(before);
  });

  it("is a line of JSON as well with --json", async () => {
    const { exitCode, stdout } = await run(["run", "none.yaml", "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      kind: "error",
      code: "E_RECIPE",
      message: expect.stringContaining(
        "Expected a recipe at none.yaml, got no such file.",
      ) as string,
    });
  });
});

describe("limbeck recipe", () => {
  it("check finds the examples of the package from any folder", async () => {
    const { exitCode, stdout, stderr } = await run(["recipe", "check", "recipes/quickstart.yaml"]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("recipes/quickstart.yaml is a valid recipe: quickstart");
    expect(stdout).toContain("  students  bilstm, 3 seeds each\n");
  });

  it("explain prints a line a key, with --set and its origin", async () => {
    const words = ["recipe", "explain", "recipes/quickstart.yaml", "--set", "train.epochs=5"];
    const { exitCode, stdout } = await run(words);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^train\.epochs +5 +--set +passes over the transfer set$/m);
    expect(stdout).toMatch(/^data\.labelled\.perClass +10 +recipe +gold labels/m);
    expect(stdout).toMatch(/^train\.batch +64 +default +texts per batch$/m);
    // a reason for every key, those of teachers and students too
    for (const line of stdout.trim().split("\n"))
      expect(line).toMatch(/ (recipe|default|--set) +\S/);
  });

  it("schema prints a JSON Schema with the options of every student", async () => {
    const { exitCode, stdout } = await run(["recipe", "schema"]);
    expect(exitCode).toBe(0);
    const schema = JSON.parse(stdout) as { $schema: string; properties: { student: unknown } };
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    const students = JSON.stringify(schema.properties.student);
    expect(students).toContain('"const":"bilstm"');
    expect(students).toContain('"const":"transformer"');
  });
});

describe("limbeck init", () => {
  const rows = ["refund", "delivery"].flatMap((label) =>
    Array.from({ length: 30 }, (_, index) => `question ${index} about my ${label},${label}`),
  );

  beforeEach(async () => {
    await writeFile(join(folder, "mine.csv"), `question,topic\n${rows.join("\n")}\n`);
  });

  it("writes a recipe that is valid and says what it found", async () => {
    const words = ["init", "mine.csv", "--text", "question", "--label", "topic"];
    const { exitCode, stdout, stderr } = await run(words);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("mine.csv: CSV, 60 rows, 60 different texts");
    expect(stdout).toContain("Wrote mine.yaml. Run it: npx limbeck run mine.yaml");
    const checked = await run(["recipe", "check", "mine.yaml"]);
    expect([checked.exitCode, checked.stderr]).toEqual([0, ""]);
    expect(checked.stdout).toContain("mine.yaml is a valid recipe: mine");
  });

  it("does not replace a recipe unless told to", async () => {
    await writeFile(join(folder, "mine.yaml"), "mine\n");
    const { exitCode, stderr } = await run(["init", "mine.csv"]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "Expected mine.yaml not to be there yet, got a file. Name another with --out, or replace it with --force.\n",
    );
    expect(await readFile(join(folder, "mine.yaml"), "utf8")).toBe("mine\n");
    const forced = await run([
      "init",
      "mine.csv",
      "--force",
      "--text",
      "question",
      "--label",
      "topic",
    ]);
    expect(forced.exitCode).toBe(0);
    expect(await readFile(join(folder, "mine.yaml"), "utf8")).toContain("kind: encoder-head");
  });

  it("names a file that is not there", async () => {
    const { exitCode, stdout, stderr } = await run(["init", "none.csv"]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("none.csv");
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await readdir(folder)).toEqual(["mine.csv"]);
  });
});

describe("limbeck predict", () => {
  it.each([
    [["runs/none", "a text"], /none/],
    [[".", "texts.csv"], /^texts\.csv: Expected a file with one text a line, got no such file\./],
    [[".", "."], /^\.: Expected a file with one text a line, got a folder\./],
  ])("%j: names what is missing", async (words, message) => {
    const { exitCode, stdout, stderr } = await run(["predict", ...words]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
