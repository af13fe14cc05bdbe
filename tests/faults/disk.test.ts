// Small file systems in memory, mounted in a namespace of their own: no rights are needed and nothing stays mounted.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHARD_TEXTS } from "../../src/labels/label-store.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { executable } from "../helpers/command-line.ts";
import { bankingTexts } from "../teachers/helpers.ts";
import { BATCH, LABELS, logitsOf, shareScript, type ShareOptions } from "./share-options.ts";
import { writeSmallRecipe } from "./small-run.ts";
import { readAsked } from "./start-sharing.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-disk-"));
  await writeSmallRecipe(folder);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs a shell script in a fresh empty tmpfs that is gone when it ends; `limbeck` is the command line. */
async function onSmallDisk(size: string, script: string): Promise<string> {
  const prelude = `
    set -u
    disk="$1/disk"; mkdir -p "$disk"
    mount -t tmpfs -o size=${size} limbeck "$disk" && cd "$disk" || exit 99
    limbeck() { "${process.execPath}" "${executable}" "$@" ../small.yaml 2>&1; echo "[exit $?]"; }
    files() { find . -name "$1" | sort; }
  `;
  const words = [
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    prelude + script,
    "sh",
    folder,
  ];
  const child = spawn("unshare", words, {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 99) throw new Error(`no file system could be mounted: ${output}`);
  return output;
}

describe("a full disk", () => {
  it.each(["40k", "300k", "1m"])(
    "of %s is told, and the run goes on once there is room",
    async (size) => {
      const output = await onSmallDisk(
        size,
        'limbeck run; echo "[left: $(files "*.tmp")]"; mount -o remount,size=256m . ; limbeck run',
      );
      const [first = "", second = ""] = output.split("[left: ]");
      expect(first).toMatch(/Cannot write .*: The disk is full\. Free some space/);
      expect(first).toContain("[exit 1]");
      expect(first).not.toMatch(/^\s+at |bug/m);
      expect(second).toContain("[exit 0]");
      expect(second).toContain("try it  npx limbeck predict runs/small/export/bilstm");
    },
  );
});

describe("a read-only disk", () => {
  it("is told before anything is done", async () => {
    const output = await onSmallDisk("64m", "mount -o remount,ro . ; limbeck run");
    expect(output).toMatch(
      /^Cannot write .*: The file system is read-only\. Choose another folder with --out\.$/m,
    );
    expect(output).toContain("[exit 1]");
    expect(output).not.toMatch(/^\s+at |bug/m);
  });

  it("leaves what was finished before as it was", async () => {
    const output = await onSmallDisk(
      "256m",
      "limbeck prepare; mount -o remount,ro . ; limbeck label; mount -o remount,rw . ; limbeck label",
    );
    const [prepared = "", refused = "", done = ""] = output.split(/\[exit \d+\]/);
    expect(prepared).toContain("runs/small/prepare is ready");
    expect(refused).toContain("The file system is read-only.");
    expect(done).toContain("prepare   skipped");
    expect(output.match(/\[exit \d+\]/g)).toEqual(["[exit 0]", "[exit 1]", "[exit 0]"]);
  });
});

describe("labelling on a disk that fills in the middle of a shard", () => {
  it("keeps what was committed, and goes on where it stopped once there is room", async () => {
    const { texts } = bankingTexts(77, 50);
    await writeFile(join(folder, "texts.json"), JSON.stringify(texts));
    const asked = join(folder, "asked"); // outside the small disk
    const options: ShareOptions = {
      texts: "../texts.json",
      labelsFolder: "labels",
      asked,
      pace: 1,
    };
    // 3,850 texts take 3,850 · 32 bytes and some per shard: more than 100 kB, less than 16 MB.
    const output = await onSmallDisk(
      "100k",
      `label() { "${process.execPath}" --import "${import.meta.resolve("tsx")}" "${shareScript}" '${JSON.stringify(options)}' 2>&1; echo "[exit $?]"; }
       label; echo "[left: $(files "*.tmp")]"; echo "[asked $(wc -l < "${asked}")]"
       mount -o remount,size=16m . ; label; cp -r labels "$1/full-labels"`,
    );
    const [first = "", second = ""] = output.split("[left: ]");
    expect(first).toMatch(/E_DISK|The disk is full/);
    expect(first).toContain("[exit 1]");
    expect(second).toContain("[exit 0]");
    expect(second).toContain('"notes":[]');
    const root = join(folder, "full-labels", digestOf({ kind: "test", labels: LABELS }));
    const logits = await readLogits(
      root,
      texts.map(({ id }) => id),
    );
    expect(logits).toEqual(Float32Array.from(texts.flatMap(({ text }) => [...logitsOf(text)])));
    // Asked again were only the answers of the shard that did not fit and of the one after it.
    const times = (await readAsked(asked)).length;
    expect(times).toBeLessThanOrEqual(texts.length + 2 * SHARD_TEXTS + BATCH);
  });
});
