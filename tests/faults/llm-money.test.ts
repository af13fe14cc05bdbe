import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { readdir } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { readLedger } from "../../src/labels/ledger.ts";
import { Random } from "../../src/math/random.ts";
import { executable } from "../helpers/command-line.ts";
import { isText, KEY, textCalls, useLlmFixture } from "./llm-fixture.ts";
import {
  expectAllLabels,
  label,
  labelDetails,
  labelHere,
  storeRoot,
  writeLlmRecipe,
} from "./llm-recipe.ts";

const llm = useLlmFixture();

describe("the ceiling", () => {
  // 100 tokens at 10,000 and 1 at 0 per million: one per call.
  const priced = { price: { input: 10_000, output: 0, currency: "EUR" }, mode: "logprobs" };

  it("stops before it is passed, and goes on once it is raised", async () => {
    await llm.start();
    const teacher = { endpoint: llm.server.endpoint, ...priced, concurrency: 4 };
    await writeLlmRecipe(llm.folder, 30, { ...teacher, maxCost: 15.5 });
    await expect(labelHere(llm.folder)).rejects.toThrow(
      "Expected to stay within teacher.maxCost, 15.5 EUR",
    );
    // Every call costs 1: no more than 15, and not many less, since a call is expected to cost about 1 as well.
    expect(llm.server.calls.length).toBeLessThanOrEqual(15);
    expect(llm.server.calls.length).toBeGreaterThanOrEqual(13);
    // Again, with what is left: the ceiling is the store's, not the command's.
    await expect(labelHere(llm.folder)).rejects.toThrow("teacher.maxCost");
    expect(llm.server.calls.length).toBeLessThanOrEqual(15);
    await writeLlmRecipe(llm.folder, 30, { ...teacher, maxCost: 100 });
    await labelHere(llm.folder);
    expect(llm.server.calls.length).toBe(31);
    await expectAllLabels(llm.folder, 30);
  });

  it("counts calls that may have been worked on though no answer came", async () => {
    await llm.start({
      behave: (asked) => (isText(asked) && asked.times < 2 ? "half a body" : "good"),
    });
    await writeLlmRecipe(llm.folder, 30, {
      endpoint: llm.server.endpoint,
      ...priced,
      maxCost: 20,
      concurrency: 2,
    });
    await expect(labelHere(llm.folder)).rejects.toThrow("teacher.maxCost");
    expect(llm.server.calls.length).toBeLessThanOrEqual(22);
  });
});

describe("consent", () => {
  it("asks before anything leaves the machine: without a terminal or --yes nothing is sent", async () => {
    await lookup(hostname());
    await llm.start({ host: "0.0.0.0" });
    const endpoint = `http://${hostname()}:${llm.server.port}/v1`;
    await writeLlmRecipe(llm.folder, 30, { endpoint, price: { input: 1, output: 1 } });
    const refused = await label(llm.folder);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      `would leave this machine, to ${hostname().toLowerCase()}:${llm.server.port}`,
    );
    expect(refused.stderr).toMatch(/30 texts.*calls, about [\d,]+ tokens in .* USD/);
    const dry = await label(llm.folder, "--dry-run");
    expect([dry.code, llm.server.calls.length]).toEqual([0, 0]);
    expect(dry.stdout).toContain("nothing was sent");
    const agreed = await label(llm.folder, "--yes");
    expect([agreed.code, textCalls(llm.server).length]).toEqual([0, 30]);
    expect(agreed.stderr).toContain("would leave this machine");
    expect((await labelDetails(llm.folder)).teacher.provider?.name).toBe(
      `${hostname().toLowerCase()}:${llm.server.port}`,
    );
  });

  it("sends a key that the recipe does not name to no other machine unencrypted", async () => {
    process.env["OPENAI_API_KEY"] = KEY;
    await llm.start({ host: "0.0.0.0" });
    await writeLlmRecipe(llm.folder, 30, {
      endpoint: `http://${hostname()}:${llm.server.port}/v1`,
    });
    expect((await label(llm.folder, "--yes")).code).toBe(0);
    expect(llm.server.calls.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});

describe("SIGKILL", () => {
  it("loses no answer that was kept and pays for none twice, beyond those under way", async () => {
    const texts = 240;
    const concurrency = 8;
    const rounds = 5;
    const random = new Random("llm kills", 1);
    await llm.start({ latency: 20 });
    await writeLlmRecipe(llm.folder, texts, {
      endpoint: llm.server.endpoint,
      concurrency,
      price: { input: 10_000, output: 0 },
    });
    let kills = 0;
    for (let round = 0; round < rounds; round += 1) {
      const child = spawn(process.execPath, [executable, "label", "recipe.yaml", "--quiet"], {
        cwd: llm.folder,
        stdio: "ignore",
      });
      const ended = new Promise((resolve) => child.once("close", resolve));
      const until = llm.server.answered.size + 10 + random.integer(30);
      while (llm.server.answered.size < until && child.exitCode === null) await wait(2);
      if (child.kill("SIGKILL")) kills += 1;
      await ended;
    }
    expect(kills).toBe(rounds);
    const { code, stderr } = await label(llm.folder);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    await expectAllLabels(llm.folder, texts);
    const again = textCalls(llm.server).length - texts;
    expect(again).toBeLessThanOrEqual(kills * concurrency);
    // What is said to be paid is what was asked, but for calls whose answer nobody was there to hear.
    const pages = await readLedger(await storeRoot(llm.folder));
    const paid = pages.reduce((sum, page) => sum + page.paid.calls, 0);
    expect(paid).toBeLessThanOrEqual(textCalls(llm.server).length);
    expect(paid).toBeGreaterThanOrEqual(texts);
    expect(
      (await readdir(await storeRoot(llm.folder))).filter((name) => name.startsWith("journal-")),
    ).toEqual([]);
  });
});
