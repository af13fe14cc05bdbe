import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Claims } from "../../src/labels/claims.ts";
import { currentProcess } from "../../src/platform/process-identity.ts";

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "limbeck-claims-")), "claims");
});
afterEach(async () => {
  await rm(join(folder, ".."), { recursive: true });
});

/** A claim as a process of another machine leaves it. */
async function claimFromElsewhere(name: string, changes: object = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  const holder = {
    pid: 1,
    host: "elsewhere",
    boot: "b",
    namespace: "n",
    started: "1",
    token: "e1",
  };
  await writeFile(join(folder, `${name}.json`), JSON.stringify({ ...holder, ...changes }));
}

const short = { lease: 150, beat: 20 };

describe("Claims", () => {
  it("give each name to one of many that want it, and again when it is released", async () => {
    const names = Array.from({ length: 30 }, (_, at) => `n${at}`);
    const all = await Promise.all(Array.from({ length: 4 }, () => Claims.open(folder)));
    const won = await Promise.all(all.map((claims) => claims.claim(names)));
    expect(won.flat().sort()).toEqual([...names].sort());
    // What one has stays with it; another gets nothing of it.
    for (const [at, claims] of all.entries()) expect(await claims.claim(won[at]!)).toEqual(won[at]);
    await all[0]!.release(won[0]!);
    expect(await all[1]!.claim(names)).toEqual(
      names.filter((name) => won[0]!.includes(name) || won[1]!.includes(name)),
    );
    for (const claims of all) await claims.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it("take over at once from a process of this machine that has ended, one of those who try", async () => {
    const self = await currentProcess();
    // A process number that was used by a process which started at another time.
    await claimFromElsewhere("00", { ...self, started: "0", token: "dead" });
    const all = await Promise.all(Array.from({ length: 6 }, () => Claims.open(folder)));
    const won = await Promise.all(all.map((claims) => claims.claim(["00"])));
    expect(won.flat()).toEqual(["00"]);
    for (const claims of all) await claims.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it("leave those of another machine alone while it counts, and take over when it has not for the lease", async () => {
    await claimFromElsewhere("00");
    const claims = await Claims.open(folder, short);
    for (let count = 0; count < 10; count += 1) {
      await writeFile(join(folder, "e1.beat"), String(count));
      expect(await claims.claim(["00"])).toEqual([]);
      await wait(40); // in all more than twice the lease
    }
    await wait(160);
    expect(await claims.claim(["00"])).toEqual(["00"]);
    await claims.close();
  });

  it.each([
    ["long past", 0],
    ["far in the future", 4e9],
  ])("do not ask clocks: a claim's file may be %s", async (_, seconds) => {
    await claimFromElsewhere("00", { since: new Date(seconds * 1000).toISOString() });
    await utimes(join(folder, "00.json"), seconds, seconds);
    const claims = await Claims.open(folder, short);
    expect(await claims.claim(["00"])).toEqual([]);
    await wait(170);
    expect(await claims.claim(["00"])).toEqual(["00"]);
    await claims.close();
  });

  it("outlast a claim that never got its content", async () => {
    await mkdir(folder);
    await writeFile(join(folder, "00.json"), "");
    const claims = await Claims.open(folder, short);
    expect(await claims.claim(["00"])).toEqual([]);
    await wait(170);
    expect(await claims.claim(["00"])).toEqual(["00"]);
    await claims.close();
  });

  it("count as long as they are held, so that a slow holder keeps them", async () => {
    // A lease that outlasts a busy machine's pauses; the looks go on for longer.
    const patient = { lease: 800, beat: 20 };
    const holder = await Claims.open(folder, patient);
    await holder.claim(["00"]);
    const other = await Claims.open(folder, patient);
    for (let look = 0; look < 20; look += 1) {
      expect(await other.claim(["00"])).toEqual([]);
      await wait(60);
    }
    await holder.close();
    expect(await other.claim(["00"])).toEqual(["00"]);
    await other.close();
  });

  it("stay the successor's when the holder that lost them gives them up", async () => {
    const slow = await Claims.open(folder, { lease: 150, beat: 60_000 });
    await slow.claim(["00"]);
    const other = await Claims.open(folder, short);
    await other.claim(["00"]);
    await wait(170);
    expect(await other.claim(["00"])).toEqual(["00"]);
    await slow.close();
    const content = JSON.parse(await readFile(join(folder, "00.json"), "utf8")) as { pid: number };
    expect(content.pid).toBe(process.pid);
    const third = await Claims.open(folder);
    expect(await third.claim(["00"])).toEqual([]);
    await other.close();
    await third.close();
  });

  it("write nothing before anything is claimed", async () => {
    const claims = await Claims.open(folder);
    await claims.claim([]);
    await claims.close();
    await expect(readdir(folder)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
