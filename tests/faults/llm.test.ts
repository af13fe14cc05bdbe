import { describe, expect, it } from "vitest";
import { isText, KEY, textCalls, useLlmFixture } from "./llm-fixture.ts";
import {
  allFiles,
  expectAllLabels,
  label,
  labelDetails,
  labelHere,
  textsOf,
  writeLlmRecipe,
} from "./llm-recipe.ts";
import type { Asked, Behaviour } from "./llm-server.ts";

const llm = useLlmFixture();

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
    await llm.start({ behave: first(behaviour) });
    await writeLlmRecipe(llm.folder, 30, { endpoint: llm.server.endpoint, concurrency: 8 });
    await labelHere(llm.folder);
    await expectAllLabels(llm.folder, 30);
    for (const { text } of textsOf(30)) {
      expect(llm.server.asked(text)).toBe(2);
      expect(llm.server.answered.get(text)).toBe(1);
    }
    expect((await labelDetails(llm.folder)).missing).toEqual({});
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
      await llm.start({ behave: ({ text }) => (text === bad && !mended ? behaviour : "good") });
      await writeLlmRecipe(llm.folder, 30, { endpoint: llm.server.endpoint });
      await labelHere(llm.folder);
      expect(llm.server.asked(bad)).toBe(times);
      expect(await labelDetails(llm.folder)).toMatchObject({
        texts: 30,
        computed: 29,
        reused: 0,
        missing: { [reason]: 1 },
      });

      mended = true;
      const before = llm.server.calls.length;
      await labelHere(llm.folder, { from: "label" });
      expect(llm.server.calls.length).toBe(before);
      expect((await labelDetails(llm.folder)).missing).toEqual({ [reason]: 1 });

      await labelHere(llm.folder, { retrySetAside: true });
      expect(llm.server.calls.length).toBe(before + 1);
      expect((await labelDetails(llm.folder)).missing).toEqual({});
      await expectAllLabels(llm.folder, 30);
    },
  );

  it("that is too long for the model is set aside without stopping the others", async () => {
    const body = { error: { message: "This model's maximum context length is 10 tokens." } };
    await llm.start({ behave: ({ text }) => (text === bad ? { status: 400, body } : "good") });
    await writeLlmRecipe(llm.folder, 30, { endpoint: llm.server.endpoint });
    await labelHere(llm.folder);
    expect(llm.server.asked(bad)).toBe(1);
    expect((await labelDetails(llm.folder)).missing).toEqual({ "refused with HTTP 400": 1 });
  });
});

describe("a server that will never answer", () => {
  it("400 for a wrong model: one call, then stops with what the server says", async () => {
    const body = { error: { message: "The model `tiny` does not exist." } };
    await llm.start({ behave: () => ({ status: 400, body }) });
    await writeLlmRecipe(llm.folder, 30, { endpoint: llm.server.endpoint });
    const { code, stderr } = await label(llm.folder);
    expect(code).toBe(1);
    expect(stderr).toContain("HTTP 400 and says: The model `tiny` does not exist.");
    expect(stderr).not.toContain("    at ");
    expect(llm.server.calls).toHaveLength(1);
  });

  it("401 for an expired key, in the middle: stops at once, names the variable, goes on with a good one", async () => {
    let expired = true;
    process.env["OPENAI_API_KEY"] = KEY;
    // A server that echoes the key, as some do in part.
    const body = {
      error: { message: `Incorrect API key provided: ${KEY}, or ${KEY.slice(0, 12)}` },
    };
    await llm.start({
      behave: (asked) =>
        isText(asked) && expired && llm.server.answered.size > 10 ? { status: 401, body } : "good",
    });
    await writeLlmRecipe(llm.folder, 40, { endpoint: llm.server.endpoint, concurrency: 1 });
    const failed = await label(llm.folder);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      "The key in the environment variable OPENAI_API_KEY is not accepted",
    );
    expect(failed.stderr).toContain("Incorrect API key provided: ***, or ***");
    // 10 texts and the probe answered, one refused.
    expect(llm.server.calls).toHaveLength(12);
    expired = false;
    const done = await label(llm.folder);
    expect(done.code).toBe(0);
    expect(llm.server.calls).toHaveLength(12 + 30);
    expect(llm.server.calls.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(
      true,
    );
    for (const output of [failed, done])
      expect(output.stdout + output.stderr).not.toContain(KEY.slice(0, 12));
    for (const content of (await allFiles(llm.folder)).values())
      expect(content).not.toContain(KEY.slice(0, 12));
  });

  it("401 without a key: one call, says which variable to set", async () => {
    await llm.start({ behave: () => ({ status: 401 }) });
    await writeLlmRecipe(llm.folder, 30, {
      endpoint: llm.server.endpoint,
      apiKeyVariable: "MY_KEY",
    });
    const { code, stderr } = await label(llm.folder);
    expect([code, llm.server.calls.length]).toEqual([1, 1]);
    expect(stderr).toContain("Set the environment variable MY_KEY");
  });

  it("goes down in the middle: stops, and asks nobody twice when it is back", async () => {
    await llm.start({
      behave: () => (llm.server.answered.size > 12 && down ? "reset" : "good"),
    });
    let down = true;
    await writeLlmRecipe(llm.folder, 30, { endpoint: llm.server.endpoint, concurrency: 4 });
    await expect(labelHere(llm.folder)).rejects.toThrow("give the same command again to go on");
    down = false;
    await labelHere(llm.folder);
    await expectAllLabels(llm.folder, 30);
    for (const { text } of textsOf(30)) expect(llm.server.answered.get(text)).toBe(1);
  });

  it("is not there at all: stops with the reason", async () => {
    const { endpoint } = await llm.start();
    await llm.server.stop();
    await writeLlmRecipe(llm.folder, 10, { endpoint, retries: 1 });
    await expect(labelHere(llm.folder)).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("no connection (ECONNREFUSED)") as string,
    });
  });

  it("answers nonsense to everything: stops before it has cost much", async () => {
    await llm.start({ behave: (asked) => (isText(asked) ? "wrong classes" : "good") });
    await writeLlmRecipe(llm.folder, 200, { endpoint: llm.server.endpoint, concurrency: 4 });
    await expect(labelHere(llm.folder)).rejects.toThrow("50 in a row");
    // 50 texts twice, and what was under way.
    expect(textCalls(llm.server).length).toBeLessThanOrEqual(2 * (50 + 4));
  });
});
