import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLedger } from "../../src/labels/ledger.ts";
import { Random } from "../../src/math/random.ts";
import { executable } from "../helpers/command-line.ts";
import {
  expectAllLabels,
  label,
  labelDetails,
  labelHere,
  storeRoot,
  writeLlmRecipe,
} from "./llm-recipe.ts";
import { LlmServer, type Asked, type ServerSettings } from "./llm-server.ts";

const KEY = "sk-limbeck-0123456789abcdefghijklmnop";

let folder: string;
let server: LlmServer | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-llm-"));
});
afterEach(async () => {
  delete process.env["OPENAI_API_KEY"];
  await server?.stop();
  server = null;
  await rm(folder, { recursive: true });
});

async function start(settings: ServerSettings = {}): Promise<LlmServer> {
  server = await LlmServer.start(settings);
  return server;
}

/** Calls about texts, the probe about a class's name left out. */
const textCalls = (of: LlmServer) => of.calls.filter(({ text }) => text.startsWith("text number"));
const isText = ({ text }: Asked) => text.startsWith("text number");

describe("the ceiling", () => {
  // 100 tokens at 10,000 and 1 at 0 per million: one per call.
  const priced = { price: { input: 10_000, output: 0, currency: "EUR" }, mode: "logprobs" };

  it("stops before it is passed, and goes on once it is raised", async () => {
    await start();
    const teacher = { endpoint: server!.endpoint, ...priced, concurrency: 4 };
    await writeLlmRecipe(folder, 30, { ...teacher, maxCost: 15.5 });
    await expect(labelHere(folder)).rejects.toThrow(
      "Expected to stay within teacher.maxCost, 15.5 EUR",
    );
    // Every call costs 1: no more than 15, and not many less, since a call is expected to cost about 1 as well.
    expect(server!.calls.length).toBeLessThanOrEqual(15);
    expect(server!.calls.length).toBeGreaterThanOrEqual(13);
    // Again, with what is left: the ceiling is the store's, not the command's.
    await expect(labelHere(folder)).rejects.toThrow("teacher.maxCost");
    expect(server!.calls.length).toBeLessThanOrEqual(15);
    await writeLlmRecipe(folder, 30, { ...teacher, maxCost: 100 });
    await labelHere(folder);
    expect(server!.calls.length).toBe(31);
    await expectAllLabels(folder, 30);
  });

  it("counts calls that may have been worked on though no answer came", async () => {
    await start({ behave: (asked) => (isText(asked) && asked.times < 2 ? "half a body" : "good") });
    await writeLlmRecipe(folder, 30, {
      endpoint: server!.endpoint,
      ...priced,
      maxCost: 20,
      concurrency: 2,
    });
    await expect(labelHere(folder)).rejects.toThrow("teacher.maxCost");
    expect(server!.calls.length).toBeLessThanOrEqual(22);
  });
});

describe("consent", () => {
  it("asks before anything leaves the machine: without a terminal or --yes nothing is sent", async () => {
    await lookup(hostname());
    await start({ host: "0.0.0.0" });
    const endpoint = `http://${hostname()}:${server!.port}/v1`;
    await writeLlmRecipe(folder, 30, { endpoint, price: { input: 1, output: 1 } });
    const refused = await label(folder);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      `would leave this machine, to ${hostname().toLowerCase()}:${server!.port}`,
    );
    expect(refused.stderr).toMatch(/30 texts.*calls, about [\d,]+ tokens in .* USD/);
    const dry = await label(folder, "--dry-run");
    expect([dry.code, server!.calls.length]).toEqual([0, 0]);
    expect(dry.stdout).toContain("nothing was sent");
    const agreed = await label(folder, "--yes");
    expect([agreed.code, textCalls(server!).length]).toEqual([0, 30]);
    expect(agreed.stderr).toContain("would leave this machine");
    expect((await labelDetails(folder)).teacher.provider?.name).toBe(
      `${hostname().toLowerCase()}:${server!.port}`,
    );
  });

  it("sends a key that the recipe does not name to no other machine unencrypted", async () => {
    process.env["OPENAI_API_KEY"] = KEY;
    await start({ host: "0.0.0.0" });
    await writeLlmRecipe(folder, 30, { endpoint: `http://${hostname()}:${server!.port}/v1` });
    expect((await label(folder, "--yes")).code).toBe(0);
    expect(server!.calls.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe("SIGKILL", () => {
  it("loses no answer that was kept and pays for none twice, beyond those under way", async () => {
    const texts = 240;
    const concurrency = 8;
    const rounds = 5;
    const random = new Random("llm kills", 1);
    await start({ latency: 20 });
    await writeLlmRecipe(folder, texts, {
      endpoint: server!.endpoint,
      concurrency,
      price: { input: 10_000, output: 0 },
    });
    let kills = 0;
    for (let round = 0; round < rounds; round += 1) {
      const child = spawn(process.execPath, [executable, "label", "recipe.yaml", "--quiet"], {
        cwd: folder,
        stdio: "ignore",
      });
      const ended = new Promise((resolve) => child.once("close", resolve));
      const until = server!.answered.size + 10 + random.integer(30);
      while (server!.answered.size < until && child.exitCode === null) await wait(2);
      if (child.kill("SIGKILL")) kills += 1;
      await ended;
    }
    expect(kills).toBe(rounds);
    const { code, stderr } = await label(folder);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    await expectAllLabels(folder, texts);
    const again = textCalls(server!).length - texts;
    expect(again).toBeLessThanOrEqual(kills * concurrency);
    // What is said to be paid is what was asked, but for calls whose answer nobody was there to hear.
    const pages = await readLedger(await storeRoot(folder));
    const paid = pages.reduce((sum, page) => sum + page.paid.calls, 0);
    expect(paid).toBeLessThanOrEqual(textCalls(server!).length);
    expect(paid).toBeGreaterThanOrEqual(texts);
    expect(
      (await readdir(await storeRoot(folder))).filter((name) => name.startsWith("journal-")),
    ).toEqual([]);
  });
});
