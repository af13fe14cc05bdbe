import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLedger } from "../../src/labels/ledger.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { Random } from "../../src/math/random.ts";
import { textId } from "../../src/texts/ids.ts";
import { executable } from "../helpers/command-line.ts";
import { allFiles, label, labelDetails, labelHere, textsOf, writeLlmRecipe } from "./llm-recipe.ts";
import {
  LlmServer,
  RIGHT,
  rightClass,
  RUNNER_UP,
  type Asked,
  type Behaviour,
  type ServerSettings,
} from "./llm-server.ts";

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

async function storeRoot(): Promise<string> {
  const labels = join(folder, ".limbeck/labels");
  const [only, ...more] = await readdir(labels);
  expect(more).toEqual([]);
  return join(labels, only!);
}

/**
 * log of [0.7, 0.2, floor] over their sum: the third class is not among the alternatives and all the probability is
 * told (0.7 + 0.2 + 0.1), so that it gets the least there is, 1e-10.
 */
function expectedLogits(text: string): number[] {
  const right = rightClass(text, 3);
  const total = Math.log(RIGHT + RUNNER_UP);
  const logits = [0, 0, 0];
  logits[right] = Math.log(RIGHT) - total;
  logits[(right + 1) % 3] = Math.log(RUNNER_UP) - total;
  logits[(right + 2) % 3] = Math.log(1e-10) - total;
  return logits;
}

async function expectAllLabels(count: number): Promise<void> {
  const texts = textsOf(count).map(({ text }) => text);
  const logits = await readLogits(await storeRoot(), texts.map(textId));
  texts.forEach((text, row) => {
    const got = [...logits.subarray(row * 3, row * 3 + 3)];
    expectedLogits(text).forEach((value, index) => {
      expect(got[index]).toBeCloseTo(value, 4);
    });
  });
}

/** Misbehaves when a text is asked about for the first time. */
const first = (behaviour: Behaviour) => (asked: Asked) =>
  isText(asked) && asked.times === 0 ? behaviour : "good";

describe("a server that recovers: every text is labelled, asked again only where there was no good answer", () => {
  const passing: [string, Behaviour][] = [
    ["429 with Retry-After in seconds", { status: 429, retryAfter: "0.05" }],
    ["429 with Retry-After as a date", { status: 429, retryAfter: new Date(0).toUTCString() }],
    ["429 without Retry-After", { status: 429 }],
    ["500", { status: 500 }],
    ["hangs", "hang"],
    ["half a body", "half a body"],
    ["a slow drip", "slow drip"],
    ["resets", "reset"],
    ["wrong JSON", "wrong JSON"],
    ["wrong classes", "wrong classes"],
    ["empty choices", "empty choices"],
  ];
  it.each(passing)("%s", async (_, behaviour) => {
    await start({ behave: first(behaviour) });
    await writeLlmRecipe(folder, 30, { endpoint: server!.endpoint, concurrency: 8 });
    await labelHere(folder);
    await expectAllLabels(30);
    for (const { text } of textsOf(30)) {
      expect(server!.asked(text)).toBe(2);
      expect(server!.answered.get(text)).toBe(1);
    }
    expect((await labelDetails(folder)).missing).toEqual({});
  });
});

describe("a text that gets no usable answer", () => {
  const bad = textsOf(30)[7]!.text;
  const hopeless: [string, Behaviour, number, string][] = [
    ["wrong JSON", "wrong JSON", 2, "the answer was no JSON object"],
    ["wrong classes", "wrong classes", 2, "none of the likeliest tokens was the code of a class"],
    ["empty choices", "empty choices", 2, "the answer had no choices"],
    ["no log-probabilities", "no logprobs", 2, "the answer had no log-probabilities"],
    // One call and three repetitions.
    ["500", { status: 500 }, 4, "no answer (HTTP 500, 4 times)"],
    ["hangs", "hang", 4, "no answer (no whole answer within 0.5 s, 4 times)"],
  ];
  it.each(hopeless)(
    "%s: is set aside with its reason, and asked about again only on demand",
    async (_, behaviour, times, reason) => {
      let mended = false;
      await start({ behave: ({ text }) => (text === bad && !mended ? behaviour : "good") });
      await writeLlmRecipe(folder, 30, { endpoint: server!.endpoint });
      await labelHere(folder);
      expect(server!.asked(bad)).toBe(times);
      expect(await labelDetails(folder)).toMatchObject({
        texts: 30,
        computed: 29,
        reused: 0,
        missing: { [reason]: 1 },
      });

      mended = true;
      const before = server!.calls.length;
      await labelHere(folder, { from: "label" });
      expect(server!.calls.length).toBe(before);
      expect((await labelDetails(folder)).missing).toEqual({ [reason]: 1 });

      await labelHere(folder, { retrySetAside: true });
      expect(server!.calls.length).toBe(before + 1);
      expect((await labelDetails(folder)).missing).toEqual({});
      await expectAllLabels(30);
    },
  );

  it("that is too long for the model is set aside without stopping the others", async () => {
    const body = { error: { message: "This model's maximum context length is 10 tokens." } };
    await start({ behave: ({ text }) => (text === bad ? { status: 400, body } : "good") });
    await writeLlmRecipe(folder, 30, { endpoint: server!.endpoint });
    await labelHere(folder);
    expect(server!.asked(bad)).toBe(1);
    expect((await labelDetails(folder)).missing).toEqual({ "refused with HTTP 400": 1 });
  });
});

describe("a server that will never answer", () => {
  it("400 for a wrong model: one call, then stops with what the server says", async () => {
    const body = { error: { message: "The model `tiny` does not exist." } };
    await start({ behave: () => ({ status: 400, body }) });
    await writeLlmRecipe(folder, 30, { endpoint: server!.endpoint });
    const { code, stderr } = await label(folder);
    expect(code).toBe(1);
    expect(stderr).toContain("HTTP 400 and says: The model `tiny` does not exist.");
    expect(stderr).not.toContain("    at ");
    expect(server!.calls).toHaveLength(1);
  });

  it("401 for an expired key, in the middle: stops at once, names the variable, goes on with a good one", async () => {
    let expired = true;
    process.env["OPENAI_API_KEY"] = KEY;
    // A server that echoes the key, as some do in part.
    const body = {
      error: { message: `Incorrect API key provided: ${KEY}, or ${KEY.slice(0, 12)}` },
    };
    await start({
      behave: (asked) =>
        isText(asked) && expired && server!.answered.size > 10 ? { status: 401, body } : "good",
    });
    await writeLlmRecipe(folder, 40, { endpoint: server!.endpoint, concurrency: 1 });
    const failed = await label(folder);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      "The key in the environment variable OPENAI_API_KEY is not accepted",
    );
    expect(failed.stderr).toContain("Incorrect API key provided: ***, or ***");
    // 10 texts and the probe answered, one refused.
    expect(server!.calls).toHaveLength(12);
    expired = false;
    const done = await label(folder);
    expect(done.code).toBe(0);
    expect(server!.calls).toHaveLength(12 + 30);
    expect(server!.calls.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(
      true,
    );
    for (const output of [failed, done])
      expect(output.stdout + output.stderr).not.toContain(KEY.slice(0, 12));
    for (const content of (await allFiles(folder)).values())
      expect(content).not.toContain(KEY.slice(0, 12));
  });

  it("401 without a key: one call, says which variable to set", async () => {
    await start({ behave: () => ({ status: 401 }) });
    await writeLlmRecipe(folder, 30, { endpoint: server!.endpoint, apiKeyVariable: "MY_KEY" });
    const { code, stderr } = await label(folder);
    expect([code, server!.calls.length]).toEqual([1, 1]);
    expect(stderr).toContain("Set the environment variable MY_KEY");
  });

  it("goes down in the middle: stops, and asks nobody twice when it is back", async () => {
    await start({
      behave: () => (server!.answered.size > 12 && down ? "reset" : "good"),
    });
    let down = true;
    await writeLlmRecipe(folder, 30, { endpoint: server!.endpoint, concurrency: 4 });
    await expect(labelHere(folder)).rejects.toThrow("give the same command again to go on");
    down = false;
    await labelHere(folder);
    await expectAllLabels(30);
    for (const { text } of textsOf(30)) expect(server!.answered.get(text)).toBe(1);
  });

  it("is not there at all: stops with the reason", async () => {
    const { endpoint } = await start();
    await server!.stop();
    await writeLlmRecipe(folder, 10, { endpoint, retries: 1 });
    await expect(labelHere(folder)).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("no connection (ECONNREFUSED)") as string,
    });
  });

  it("answers nonsense to everything: stops before it has cost much", async () => {
    await start({ behave: (asked) => (isText(asked) ? "wrong classes" : "good") });
    await writeLlmRecipe(folder, 200, { endpoint: server!.endpoint, concurrency: 4 });
    await expect(labelHere(folder)).rejects.toThrow("50 in a row");
    // 50 texts twice, and what was under way.
    expect(textCalls(server!).length).toBeLessThanOrEqual(2 * (50 + 4));
  });
});

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
    await expectAllLabels(30);
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
    await expectAllLabels(texts);
    const again = textCalls(server!).length - texts;
    expect(again).toBeLessThanOrEqual(kills * concurrency);
    // What is said to be paid is what was asked, but for calls whose answer nobody was there to hear.
    const pages = await readLedger(await storeRoot());
    const paid = pages.reduce((sum, page) => sum + page.paid.calls, 0);
    expect(paid).toBeLessThanOrEqual(textCalls(server!).length);
    expect(paid).toBeGreaterThanOrEqual(texts);
    expect(
      (await readdir(await storeRoot())).filter((name) => name.startsWith("journal-")),
    ).toEqual([]);
  });
});
