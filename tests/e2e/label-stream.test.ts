// limbeck label --stdin --stdout through the command line, with the shipped encoder on three intents of Banking77.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLogits } from "../../src/labels/read-logits.ts";
import { readIdentified } from "../../src/texts/splits.ts";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { executable, limbeck, packageFolder } from "../helpers/command-line.ts";

const recipe = `name: stream
data:
  source: { train: train.tsv, test: test.tsv }
  labelled: { perClass: 6 }
teacher: { kind: encoder-head, model: ${packageFolder}teachers/minilm-l6-v2, strength: 10 }
`;
const STREAM = ["label", "stream.yaml", "--stdin", "--stdout"];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-stream-"));
  await writeBankingCut(folder, 3);
  await writeFile(join(folder, "stream.yaml"), recipe);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const pipe = (input: string, more: readonly string[] = []) =>
  limbeck([...STREAM, ...more], { folder, input });
const parse = (stdout: string) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string; logits: number[] });

describe("limbeck label --stdin --stdout", () => {
  it("prepares and fits by itself where the run is not labelled", async () => {
    const { code, stdout, stderr } = await pipe('{"text":"where is my card?","id":5}\n');
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(parse(stdout)).toEqual([{ id: 5, logits: expect.any(Array) as number[] }]);
  });

  it("gives to the bit what the label store has, in the order of the lines, and keeps nothing", async () => {
    const labelled = await limbeck(["label", "stream.yaml"], { folder });
    expect(labelled.code).toBe(0);
    const run = join(folder, "runs/stream");
    const manifest = JSON.parse(await readFile(join(run, "label/manifest.json"), "utf8")) as {
      details: { teacher: { store: string; labels: string[] } };
    };
    const { store } = manifest.details.teacher;
    const texts = await readIdentified(run, "transfer");
    const files = async () =>
      (await readdir(join(folder, ".limbeck/labels"), { recursive: true })).sort();
    const before = await files();
    const input = texts.map(({ text }) => `${JSON.stringify({ text })}\n`).join("");
    const { code, stdout, stderr } = await pipe(input);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const answers = parse(stdout);
    expect(answers.map(({ id }) => id)).toEqual(texts.map(({ id }) => id));
    const stored = await readLogits(
      store,
      texts.map(({ id }) => id),
    );
    expect(Float32Array.from(answers.flatMap(({ logits }) => logits))).toEqual(stored);
    expect(await files()).toEqual(before);
  });

  it("gives nothing for nothing", async () => {
    expect(await pipe("")).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("names the line that is bad, after the answers before it", async () => {
    const { code, stdout, stderr } = await pipe('{"text":"a card","id":1}\n{"txt":"a card"}\n');
    expect(code).toBe(1);
    expect(parse(stdout)).toHaveLength(1);
    expect(stderr).toMatch(/^standard input:2: Expected \{"text": "…"\}/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it("passes over it with --on-error skip, and shows the likeliest with --top", async () => {
    const more = ["--on-error", "skip", "--top", "2"];
    const { code, stdout } = await pipe('{"text":"a card","id":1}\nno\n', more);
    expect(code).toBe(0);
    expect(parse(stdout)).toEqual([
      {
        id: 1,
        top: [
          { label: expect.any(String) as string, probability: expect.any(Number) as number },
          { label: expect.any(String) as string, probability: expect.any(Number) as number },
        ],
      },
      { line: 2, error: expect.stringContaining("standard input:2") as string },
    ]);
  });

  it("answers a line before the next is sent, and ends quietly when its reader leaves", async () => {
    const child = spawn(process.execPath, [executable, ...STREAM], { cwd: folder });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.stdin.on("error", () => undefined);
    const first = new Promise<string>((resolve) => {
      child.stdout.setEncoding("utf8").once("data", resolve);
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.stdin.write('{"text":"a card","id":1}\n');
    expect(parse(await first)).toMatchObject([{ id: 1 }]);
    child.stdout.destroy();
    // As much as a pipe holds no more of: the answers meet a reader that has left.
    const line = '{"text":"a card","id":2}\n';
    for (let lines = 0; lines < 100; lines += 1) child.stdin.write(line);
    expect(await ended).toBe(0);
    expect(stderr).toBe("");
  });

  it.each([
    [["--stdin"], "Expected --stdin and --stdout together, got --stdin alone"],
    [
      ["--stdin", "--stdout", "--queue", "redis://nowhere"],
      "Expected --stdin --stdout without --queue",
    ],
    [["--shard-texts", "5"], "Expected --queue beside --shard-texts"],
  ])("refuses %s", async (more, message) => {
    const { code, stderr } = await limbeck(["label", "stream.yaml", ...more], { folder });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("needs no more memory for many lines than for some", async () => {
    // Peak of the process's memory, from the kernel (proc_pid_status(5): VmHWM), looked at until it ends.
    const peak = async (lines: number): Promise<number> => {
      const child = spawn(process.execPath, [executable, ...STREAM, "--threads", "1"], {
        cwd: folder,
      });
      child.stdout.resume();
      let most = 0;
      const watch = setInterval(() => {
        void readFile(`/proc/${child.pid ?? 0}/status`, "utf8").then(
          (text) => (most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0))),
          () => undefined,
        );
      }, 20);
      const ended = new Promise((resolve) => child.once("close", resolve));
      Readable.from(repeat(line, lines)).pipe(child.stdin);
      expect(await ended).toBe(0);
      clearInterval(watch);
      return most / 1024;
    };
    // 4.9 kB a line: what makes the difference are 15,808 lines, 77 MB if their texts were kept and twice that as strings.
    const line = `${JSON.stringify({ text: "a card ".repeat(700) })}\n`;
    const some = await peak(8192);
    const many = await peak(24_000);
    expect(some).toBeGreaterThan(50);
    expect(many - some).toBeLessThan(60);
  });
});

function* repeat(line: string, times: number): Generator<string> {
  for (let given = 0; given < times; given += 1) yield line;
}
