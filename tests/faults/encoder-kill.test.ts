import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLogits } from "../../src/labels/read-logits.ts";
import { bankingTexts, MODEL } from "../teachers/helpers.ts";

const { classes, texts } = bankingTexts(40, 80);
const script = new URL("label-process.ts", import.meta.url).pathname;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "limbeck-kill-"));
  await writeFile(join(root, "texts.json"), JSON.stringify({ classes, texts, model: MODEL }));
});
afterAll(async () => {
  await rm(root, { recursive: true });
});

/** Labels all texts in a process of its own; its output is the store's folder and how many texts were computed. */
function start(labelsFolder: string): ChildProcess {
  return spawn(
    process.execPath,
    ["--import", "tsx", script, join(root, "texts.json"), labelsFolder],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
}

function finish(
  child: ChildProcess,
): Promise<{ store: string; computed: number; notes: string[] }> {
  let output = "";
  child.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("exit", (code, signal) => {
      if (code === 0)
        resolve(JSON.parse(output) as { store: string; computed: number; notes: string[] });
      else reject(new Error(`ended with ${code ?? signal ?? "nothing"}`));
    });
  });
}

async function shards(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.filter((name) => /part-[0-9a-f]+\.parquet$/.test(name)).length;
}

/** Kills the process when it has committed some shards: in the middle of its work. */
async function killAfter(child: ChildProcess, folder: string, atLeast: number): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    child.on("exit", () => {
      resolve();
    });
  });
  while (child.exitCode === null && (await shards(folder)) < atLeast) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(child.exitCode).toBeNull();
  child.kill("SIGKILL");
  await ended;
}

describe("labelling with an encoder that is killed with SIGKILL", () => {
  it("leaves, when it is started again, what an undisturbed run leaves: bit for bit", async () => {
    const ids = texts.map(({ id }) => id);
    const calm = await finish(start(join(root, "calm")));
    expect(calm.computed).toBe(texts.length);

    const disturbed = join(root, "disturbed");
    await killAfter(start(disturbed), disturbed, 2);
    // Again, a little later: once while it goes on.
    await killAfter(start(disturbed), disturbed, (await shards(disturbed)) + 2);
    const resumed = await finish(start(disturbed));

    expect(resumed.computed).toBeLessThan(texts.length);
    expect(resumed.notes).toEqual([]);
    expect(resumed.store.slice(-64)).toBe(calm.store.slice(-64));
    expect(await readLogits(resumed.store, ids)).toEqual(await readLogits(calm.store, ids));
  });
});
