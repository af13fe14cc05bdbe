import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireLock, type Lock } from "../../src/platform/lock.ts";
import { currentProcess } from "../../src/platform/process-identity.ts";
import { startScript } from "./start-script.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-lock-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Leaves a lock as somebody else would have. */
async function plant(changes: Record<string, unknown>): Promise<void> {
  const holder = {
    ...(await currentProcess()),
    token: Math.random().toString(16).slice(2),
    purpose: "limbeck run quickstart",
    since: "2026-01-02T03:04:05.000Z",
    ...changes,
  };
  await writeFile(join(folder, ".lock"), JSON.stringify(holder));
}

async function message(): Promise<string> {
  const thrown: unknown = await acquireLock(folder, "second").then(
    () => new Error("the lock was taken"),
    (error: unknown) => error,
  );
  expect(thrown).toMatchObject({ code: "E_LOCKED" });
  return (thrown as Error).message;
}

/** A process number that no process has: the largest that Linux gives out is 4,194,304. */
const NOBODY = 4_194_305;

describe("acquireLock", () => {
  it("holds the folder until it is released, and leaves nothing behind", async () => {
    const lock = await acquireLock(folder, "first");
    expect(await message()).toContain(
      `in use (first): process ${process.pid} on ${hostname()}, since 20`,
    );
    await lock.release();
    await (await acquireLock(folder, "again")).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("makes the folder where there is none", async () => {
    const inner = join(folder, "a", "b");
    const lock = await acquireLock(inner, "first");
    expect(await readdir(inner)).toEqual([".lock"]);
    await lock.release();
  });

  it("tells who holds it, since when, and what to do", async () => {
    await plant({});
    expect(await message()).toBe(
      `Expected ${folder} to be free, got it in use (limbeck run quickstart): process ${process.pid} on ` +
        `${hostname()}, since 2026-01-02T03:04:05.000Z. ` +
        "Wait until it has ended, stop it, or choose another folder with --out.",
    );
  });

  it("is taken over from a process that was killed", async () => {
    const holder = startScript("lock-contender.ts", [folder]);
    await holder.says("won");
    expect(await message()).toContain(`process ${holder.process.pid ?? -1} on`);
    holder.process.kill("SIGKILL");
    await holder.ended;
    const lock = await acquireLock(folder, "heir");
    expect(JSON.parse(await readFile(join(folder, ".lock"), "utf8"))).toMatchObject({
      purpose: "heir",
    });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("is taken over where the number now belongs to another process", async () => {
    const { started } = await currentProcess();
    if (started === null) return; // a system that does not tell (Windows) goes by the number alone
    await plant({ started: `${started}0` });
    await (await acquireLock(folder, "heir")).release();
  });

  it("is taken over where the machine has been started anew since", async () => {
    await plant({ boot: "another" });
    await (await acquireLock(folder, "heir")).release();
  });

  it("is taken over where it never got its content", async () => {
    await writeFile(join(folder, ".lock"), "");
    const past = new Date(Date.now() - 60_000);
    await utimes(join(folder, ".lock"), past, past);
    await (await acquireLock(folder, "heir")).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ["another machine", { host: "elsewhere", pid: NOBODY }],
    ["another container", { namespace: "pid:[1]", pid: NOBODY }],
  ])("is never taken over from %s", async (_where, changes) => {
    await plant(changes);
    const words = await message();
    expect(words).toContain(`process ${NOBODY} on`);
    expect(words).toContain("It cannot be seen from here whether that process still runs.");
    expect(words).toContain(`delete ${join(folder, ".lock")}`);
  });

  it("goes on where one who took over was killed half-way", async () => {
    await plant({ pid: NOBODY, token: "first" });
    const second = {
      ...(await currentProcess()),
      pid: NOBODY,
      token: "second",
      purpose: "p",
      since: "s",
    };
    await writeFile(join(folder, ".lock.after-first"), JSON.stringify(second));
    const lock = await acquireLock(folder, "third");
    await expect(acquireLock(folder, "fourth")).rejects.toMatchObject({ code: "E_LOCKED" });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not let go of a lock that is no longer its own", async () => {
    const lock = await acquireLock(folder, "first");
    await plant({ token: "another" });
    await lock.release();
    expect(await readdir(folder)).toEqual([".lock"]);
  });
});

async function winners(takers: readonly Promise<Lock>[]): Promise<Lock[]> {
  const results = await Promise.allSettled(takers);
  for (const result of results) {
    if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "E_LOCKED" });
  }
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

describe("a race for the lock", () => {
  it.each([
    ["free", false],
    ["a dead holder's", true],
  ])("has one winner when it is %s", async (_what, dead) => {
    for (let round = 0; round < 25; round += 1) {
      if (dead) await plant({ pid: NOBODY });
      // Started a little apart, so that some find the lock half taken.
      const takers = Array.from({ length: 12 }, async (_, index) => {
        await wait(index % 6);
        return await acquireLock(folder, `taker ${index}`);
      });
      const taken = await winners(takers);
      expect(taken).toHaveLength(1);
      await taken[0]!.release();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("has one winner among processes", async () => {
    await plant({ pid: NOBODY });
    const gate = join(folder, "gate");
    const contenders = Array.from({ length: 5 }, () =>
      startScript("lock-contender.ts", [folder, gate]),
    );
    try {
      await Promise.all(contenders.map(({ says }) => says("ready")));
      await writeFile(gate, "");
      const said = await Promise.all(contenders.map(({ says }) => says(/won|E_/)));
      const outcomes = said.map((output) => output.replace("ready\n", "").trim()).sort();
      expect(outcomes).toEqual(["E_LOCKED", "E_LOCKED", "E_LOCKED", "E_LOCKED", "won"]);
    } finally {
      for (const { process } of contenders) process.kill("SIGKILL");
      await Promise.all(contenders.map(({ ended }) => ended));
    }
  });
});
