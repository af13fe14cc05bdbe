// Several processes that label the same texts into the same store at once.
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLogits } from "../../src/labels/read-logits.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { bankingTexts } from "../teachers/helpers.ts";
import { LABELS, logitsOf, type ShareOptions } from "./share-options.ts";
import { readAsked, startSharing } from "./start-sharing.ts";

const { texts } = bankingTexts(77, 50);
const ids = texts.map(({ id }) => id);
const expected = Float32Array.from(texts.flatMap(({ text }) => [...logitsOf(text)]));

let folder: string;
let options: ShareOptions;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-share-"));
  await writeFile(join(folder, "texts.json"), JSON.stringify(texts));
  options = {
    texts: join(folder, "texts.json"),
    labelsFolder: join(folder, "labels"),
    asked: join(folder, "asked"),
    pace: 40,
    go: join(folder, "go"),
  };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const asked = () => readAsked(options.asked);

describe("processes that label the same texts at once", () => {
  it.each([2, 3])("%i of them ask each text once, and all have their share", async (count) => {
    const all = Array.from({ length: count }, () => startSharing(options));
    await Promise.all(all.map(({ opened }) => opened));
    await writeFile(options.go!, "");
    const outcomes = await Promise.all(all.map((one) => one.outcome()));
    const computed = outcomes.map((outcome) => outcome.computed);
    expect(computed.reduce((sum, texts) => sum + texts, 0)).toBe(texts.length);
    for (const texts of computed) expect(texts).toBeGreaterThan(0);
    expect((await asked()).map(({ id }) => id).sort()).toEqual([...ids].sort());
    const { root } = outcomes[0]!;
    expect(await readLogits(root, ids)).toEqual(expected);
    expect(await readdir(join(root, "claims"))).toEqual([]);
  });

  it("finish what one of them leaves that is killed, and ask again only what it had not committed", async () => {
    const all = Array.from({ length: 3 }, () => startSharing(options));
    await Promise.all(all.map(({ opened }) => opened));
    await writeFile(options.go!, "");
    const victim = all[0]!;
    const ofVictim = async () => (await asked()).filter(({ pid }) => pid === victim.child.pid);
    while ((await ofVictim()).length < 300) await wait(5);
    victim.child.kill("SIGKILL");
    await victim.ended;
    const [one, two] = await Promise.all([all[1]!.outcome(), all[2]!.outcome()]);
    expect(await readLogits(one.root, ids)).toEqual(expected);
    expect([...one.notes, ...two.notes]).toEqual([]);
    const lost = new Set((await ofVictim()).map(({ id }) => id));
    const seen = new Set<string>();
    const again = (await asked()).filter(({ id }) => seen.size === seen.add(id).size);
    for (const { id } of again) expect(lost.has(id)).toBe(true);
    expect(seen.size).toBe(texts.length);
  });

  it("take over from a machine that is gone, whatever its clock said", async () => {
    const root = join(options.labelsFolder, digestOf({ kind: "test", labels: LABELS }));
    await mkdir(join(root, "claims"), { recursive: true });
    const holder = { pid: 1, host: "elsewhere", boot: "b", namespace: "n", started: "1" };
    for (const [at, name] of ["00", "7f", "80", "ff"].entries()) {
      const path = join(root, "claims", `${name}.json`);
      const since = at % 2 === 0 ? "1970-01-01T00:00:00Z" : "2999-01-01T00:00:00Z";
      await writeFile(path, JSON.stringify({ ...holder, token: `e${at}`, since }));
      const seconds = at % 2 === 0 ? 0 : 4e9;
      await utimes(path, seconds, seconds);
    }
    await writeFile(options.go!, "");
    const times = { lease: 1500, beat: 100 };
    const all = [
      startSharing({ ...options, pace: 1, times }),
      startSharing({ ...options, pace: 1, times }),
    ];
    await Promise.all(all.map((one) => one.outcome()));
    expect(await readLogits(root, ids)).toEqual(expected);
    expect((await asked()).map(({ id }) => id).sort()).toEqual([...ids].sort());
  });
});
