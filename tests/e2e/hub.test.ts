// A teacher's model from a hub on this machine, through the command line.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { executable, type Finished } from "../helpers/command-line.ts";
import { writeSmallRecipe } from "../faults/small-run.ts";
import { COMMIT, HubServer, ONNX, shippedFiles } from "../teachers/hub-server.ts";

const NAME = "some-org/some-encoder";
let hub: HubServer;
let folder: string;
beforeAll(async () => {
  hub = await new HubServer().start();
  hub.add(NAME, { files: shippedFiles(), token: "hf_secret" });
  folder = await mkdtemp(join(tmpdir(), "limbeck-hub-run-"));
  await writeSmallRecipe(folder);
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

const snapshot = () => join(folder, ".limbeck", "models", "some-org--some-encoder", COMMIT);

/** `limbeck label`, at the hub's address; killed as soon as `until` holds. */
async function label(flags: string[], until?: () => Promise<boolean>): Promise<Finished> {
  const words = ["label", "small.yaml", "--set", `teacher.model=${NAME}@main`, ...flags];
  const child = spawn(process.execPath, [executable, ...words], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", HF_ENDPOINT: hub.endpoint, HF_TOKEN: "hf_secret" },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const watch = setInterval(() => {
    void until?.().then((now) => now && child.kill("SIGKILL"));
  }, 20);
  return await new Promise((finish) => {
    child.once("close", (code, signal) => {
      clearInterval(watch);
      finish({ code, signal, stdout, stderr });
    });
  });
}

describe("a model of a hub", () => {
  it("is not fetched unasked: the error says --download", async () => {
    const { code, stdout, stderr } = await label([]);
    expect(code).toBe(1);
    expect(stdout + stderr).toContain("--download");
    expect(stdout + stderr).toContain(NAME);
    expect(hub.requests).toEqual([]);
  });

  it("is fetched with --download, by a process that is killed, by one that goes on and by one beside it", async () => {
    hub.slow = { bytes: 300_000, milliseconds: 20 };
    const part = join(snapshot(), `${ONNX}.part`);
    const killed = await label(["--download"], async () => {
      const found = await stat(part).catch(() => null);
      return (found?.size ?? 0) > 3_000_000;
    });
    expect(killed.signal).toBe("SIGKILL");
    expect((await readdir(join(snapshot(), "onnx"))).join()).toBe("model_quantized.onnx.part");
    const before = hub.requests.length;
    const both = await Promise.all([
      label(["--download", "--out", "one"]),
      label(["--download", "--out", "two"]),
    ]);
    for (const { code, stdout, stderr } of both) expect(code, stdout + stderr).toBe(0);
    expect(both[0].stdout + both[0].stderr).not.toContain("hf_secret");
    expect((await readFile(join(snapshot(), ONNX))).equals(shippedFiles().get(ONNX)!)).toBe(true);
    const after = hub.requests.slice(before).filter(({ host }) => host === "store");
    expect(after).toHaveLength(1);
    expect(Number(/^bytes=(\d+)-$/.exec(after[0]!.range ?? "")?.[1])).toBeGreaterThan(3_000_000);
  });

  it("is there from then on, without the hub", async () => {
    await hub.stop();
    const { code, stdout, stderr } = await label(["--out", "three"]);
    expect(code, stdout + stderr).toBe(0);
    const manifest = await readFile(join(folder, "three", "label", "manifest.json"), "utf8");
    expect(manifest).not.toContain("hf_secret");
    const { details } = JSON.parse(manifest) as { details: { teacher: { store: string } } };
    const described = await readFile(join(details.teacher.store, "teacher.json"), "utf8");
    expect(described).toContain(`"source":"${NAME}@${COMMIT}"`);
  });
});
