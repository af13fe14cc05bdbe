// `limbeck labels …` as a user gives it, on two teachers' labels of the same texts.
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { limbeck, packageFolder } from "../helpers/command-line.ts";
import { writeExampleTeacher } from "../helpers/example-teacher.ts";

let folder = "";
const digests: Record<string, string> = {};
const TEXTS = 717; // 557 for training and 160 for tests, as the cut of four intents has them

const data = `data:
  source: { train: train.tsv, test: test.tsv }
  labelled: { perClass: 8 }
`;
const run = async (...words: string[]) => await limbeck(words, { folder });

async function labelsOf(name: string): Promise<string> {
  const path = join(folder, "runs", name, "label", "manifest.json");
  const manifest = JSON.parse(await readFile(path, "utf8")) as {
    details: { teacher: { digest: string } };
  };
  return manifest.details.teacher.digest;
}

const store = (name: string) => join(folder, ".limbeck", "labels", digests[name]!);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-labels-"));
  const { classes } = await writeBankingCut(folder, 4);
  const model = join(packageFolder, "teachers/minilm-l6-v2");
  await writeFile(
    join(folder, "encoder.yaml"),
    `name: encoder\n${data}teacher: { kind: encoder-head, model: ${model} }\n`,
  );
  await writeExampleTeacher(folder);
  await writeFile(
    join(folder, "words.yaml"),
    `name: words\n${data}teacher: { kind: ./my-teacher.ts, words: { refund: ${classes[0]!}, age: age_limit } }\n`,
  );
  for (const name of ["encoder", "words"]) {
    const { code, stderr } = await run("label", `${name}.yaml`, "--quiet");
    expect([name, code, stderr]).toEqual([name, 0, ""]);
    digests[name] = await labelsOf(name);
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("limbeck labels ls", () => {
  it("lists every store with the runs that use it, vectors too", async () => {
    const { code, stdout, stderr } = await run("labels", "ls");
    expect([code, stderr]).toEqual([0, ""]);
    const of = (digest: string) => new RegExp(`^${digest.slice(0, 12)} .*$`, "m").exec(stdout)?.[0];
    expect(of(digests["encoder"]!)).toMatch(/encoder-head +4 classes +717 .* encoder$/);
    expect(of(digests["words"]!)).toMatch(/words +4 classes +717 .* words$/);
    // The encoder's vectors are used by the run whose labels were made from them.
    expect(stdout).toMatch(/^[0-9a-f]{12} +encoder +384 numbers +717 .* encoder$/m);
  });

  it("is one JSON value with --json", async () => {
    const { stdout } = await run("labels", "ls", "--json");
    const { stores } = JSON.parse(stdout) as { stores: { digest: string; texts: number }[] };
    expect(stores).toHaveLength(3);
    for (const { texts } of stores) expect(texts).toBe(TEXTS);
  });
});

describe("limbeck labels verify", () => {
  it("labels a sample once more, afresh, and finds the same bits", async () => {
    const { code, stdout } = await run(
      "labels",
      "verify",
      "--recipe",
      "encoder.yaml",
      "--sample",
      "60",
    );
    expect(stdout).toContain("717 texts in ");
    expect(stdout).toContain("60 texts labelled once more: 60 the same to the bit");
    expect(code).toBe(0);
  });

  it("finds labels that were shifted by one text, though every checksum is right", async () => {
    const shifted = await mkdtemp(join(tmpdir(), "limbeck-shifted-"));
    const csv = join(shifted, "labels.csv");
    await run("labels", "export", digests["words"]!, "--out", csv);
    const [head, ...rows] = (await readFile(csv, "utf8")).trimEnd().split("\n");
    const ids = rows.map((row) => row.slice(0, 32));
    const moved = rows.map((row, at) => ids[(at + 1) % ids.length]! + row.slice(32));
    await writeFile(csv, `${[head, ...moved].join("\n")}\n`);
    const labels = join(shifted, "labels");
    expect((await run("labels", "import", csv, "--labels", labels)).code).toBe(0);
    const words = ["labels", "verify", "--recipe", "words.yaml", "--labels", labels];
    const { code, stdout, stderr } = await run(...words);
    expect(stdout).toContain("not the same: ");
    expect(stderr).toContain("got 1 of 1 that is not");
    expect(code).toBe(1);
    await rm(shifted, { recursive: true });
  });

  it("finds a flipped byte in any store", async () => {
    const [name] = (await readdir(store("words"))).filter((file) => file.startsWith("part-"));
    const path = join(store("words"), name!);
    const bytes = await readFile(path);
    const broken = Buffer.from(bytes);
    broken[60]! ^= 1;
    await writeFile(path, broken);
    const { code, stdout } = await run("labels", "verify", digests["words"]!.slice(0, 8));
    await writeFile(path, bytes);
    expect(stdout).toContain(`${name!}: Expected`);
    expect(code).toBe(1);
    expect((await run("labels", "verify")).code).toBe(0);
  });

  it("names the stores there are where a digest is unknown", async () => {
    const { code, stderr } = await run("labels", "verify", "zzzz");
    expect(code).toBe(2);
    for (const digest of Object.values(digests)) expect(stderr).toContain(digest.slice(0, 12));
  });
});

describe.each(["parquet", "csv"])("limbeck labels export and import, .%s", (extension) => {
  it("gives labels away and takes them back", async () => {
    const other = await mkdtemp(join(tmpdir(), "limbeck-import-"));
    const file = join(other, `labels.${extension}`);
    const digest = digests["encoder"]!;
    const exported = await run(
      "labels",
      "export",
      digest.slice(0, 10),
      "--out",
      file,
      "--recipe",
      "encoder.yaml",
    );
    expect([exported.code, exported.stderr]).toEqual([0, ""]);
    expect(exported.stdout).toContain(`Wrote 717 texts of ${digest.slice(0, 12)} to ${file}`);
    const labels = join(other, "labels");
    const imported = await run("labels", "import", file, "--labels", labels);
    expect(imported.stdout).toContain("Imported the labels of 717 texts into");
    const words = [
      "labels",
      "verify",
      "--recipe",
      "encoder.yaml",
      "--labels",
      labels,
      "--sample",
      "20",
    ];
    const verified = await run(...words);
    expect([verified.code, verified.stderr]).toEqual([0, ""]);
    await rm(other, { recursive: true });
  });
});

describe("limbeck labels diff", () => {
  it("shows how far two teachers agree, and the texts where they do not", async () => {
    const words = [
      "labels",
      "diff",
      digests["encoder"]!,
      digests["words"]!,
      "--recipe",
      "words.yaml",
      "--texts",
      "3",
    ];
    const { code, stdout, stderr } = await run(...words);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("717 texts in both, 0 only in A, 0 only in B");
    expect(stdout).toMatch(/same likeliest class +\d+\.\d %/);
    expect(stdout.match(/^ {6}A \S+ [\d.]+ % · B \S+ [\d.]+ %$/gm)).toHaveLength(3);
    // The texts' words, not their ids.
    expect(stdout).toMatch(/^0\.\d\d {2}[A-Z].* /m);
    const json = await run(...words, "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ common: TEXTS, onlyA: 0, onlyB: 0 });
  });
});

describe("limbeck labels gc", () => {
  it("deletes nothing without --yes, and never what a run uses", async () => {
    const copy = await mkdtemp(join(tmpdir(), "limbeck-gc-"));
    const file = join(copy, "labels.csv");
    await run("labels", "export", digests["words"]!, "--out", file);
    const labels = join(copy, "labels");
    await run("labels", "import", file, "--labels", labels);
    const root = join(labels, digests["words"]!);
    const before = new Date(Date.now() - 7_200_000);
    for (const name of await readdir(root)) await utimes(join(root, name), before, before);
    const used = await run("labels", "gc", "--labels", labels, "--yes");
    expect([used.code, used.stdout]).toEqual([0, "Nothing to collect.\n"]);
    const nobody = ["labels", "gc", "--labels", labels, "--runs", join(copy, "none")];
    const listed = await run(...nobody);
    expect(listed.stdout).toContain("1 thing, ");
    expect(listed.stdout).toContain("Nothing was changed: --yes deletes and merges.");
    expect(await readdir(labels)).toEqual([digests["words"]]);
    const deleted = await run(...nobody, "--yes");
    expect(deleted.stdout).toContain("Deleted 1 thing, ");
    expect(await readdir(labels)).toEqual([]);
    await rm(copy, { recursive: true });
  });
});
