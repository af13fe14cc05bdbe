// A hundred kills at random moments over labelling. Replay: the seed below decides every moment.
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStoreAt } from "../../src/labels/open-store.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { SHARD_TEXTS, type LabelStore } from "../../src/labels/label-store.ts";
import { Random } from "../../src/math/random.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { bankingTexts } from "../teachers/helpers.ts";
import { BATCH, LABELS, logitsOf, type ShareOptions } from "./share-options.ts";
import { readAsked, startSharing, type Sharing } from "./start-sharing.ts";

const SEED = 20;
const KILLS = 100;
/** Texts that a process may ask about before its time has come, at most: told by progress, a busy machine counts alike. */
const LONGEST_LIFE = 2500;
/** Bytes of a line that the teacher writes down for a text, at least: its id and the process's number. */
const LINE = 35;
/** Answers that a kill may lose: those of a shard that fills, of one that is being written, and a batch. */
const IN_FLIGHT = 2 * SHARD_TEXTS + BATCH;

const { texts } = bankingTexts(77, 100);
const ids = texts.map(({ id }) => id);
const expected = Float32Array.from(texts.flatMap(({ text }) => [...logitsOf(text)]));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-kills-"));
  await writeFile(join(folder, "texts.json"), JSON.stringify(texts));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** One store, from empty to complete: processes are killed, and looked over after each kill. */
class Epoch {
  readonly options: ShareOptions;
  readonly root: string;
  kills = 0;
  /** How many entries there were when somebody last looked. */
  private seen = 0;
  private committed = new Set<string>();

  constructor(name: string) {
    this.options = {
      texts: join(folder, "texts.json"),
      labelsFolder: join(folder, name),
      asked: join(folder, `${name}-asked`),
      pace: 2,
    };
    this.root = join(this.options.labelsFolder, digestOf({ kind: "test", labels: LABELS }));
  }

  /** Lets a process work for a while. @returns whether it was killed before it had finished. */
  async live(random: Random): Promise<boolean> {
    const process = startSharing(this.options);
    const { size } = await stat(this.options.asked).catch(() => ({ size: 0 }));
    const until = size + random.integer(LONGEST_LIFE) * LINE;
    // One in five is killed while it starts: at the opening of the store, at its first claims.
    if (random.uniform() < 0.2) await Promise.race([wait(random.integer(1000)), process.ended]);
    else await this.progress(until, process);
    await wait(random.integer(15));
    const killed = process.child.exitCode === null && process.child.kill("SIGKILL");
    await process.ended;
    if (process.child.signalCode !== "SIGKILL") await process.outcome();
    else this.kills += 1;
    await this.look();
    return killed && process.child.signalCode === "SIGKILL";
  }

  /** Waits until the teachers have written down so much, or the process has ended. */
  private async progress(until: number, { child }: Sharing): Promise<void> {
    let size = 0;
    while (size < until && child.exitCode === null) {
      await wait(2);
      size = await stat(this.options.asked).then(
        (found) => found.size,
        () => 0,
      );
    }
  }

  /** Nothing that was on disk was asked again, and no kill has lost more than what was in flight. */
  private async look(): Promise<void> {
    const all = await readAsked(this.options.asked);
    const fresh = all.slice(this.seen).map(({ id }) => id);
    this.seen = all.length;
    expect(fresh.filter((id) => this.committed.has(id))).toEqual([]);
    expect(new Set(fresh).size).toBe(fresh.length);
    const store = await this.store();
    if (store === null) return;
    this.committed = new Set(ids.filter((id) => store.has(id)));
    expect(fresh.filter((id) => !this.committed.has(id)).length).toBeLessThanOrEqual(IN_FLIGHT);
  }

  private async store(): Promise<LabelStore | null> {
    if (!(await readdir(this.root).catch((): string[] => [])).includes("teacher.json")) return null;
    const { store, damaged } = await openStoreAt(this.root);
    expect(damaged).toEqual([]);
    return store;
  }

  /** The store is an undisturbed one's. */
  async check(): Promise<void> {
    expect(await readLogits(this.root, ids)).toEqual(expected);
    expect((await this.store())!.size).toBe(ids.length);
    expect(await readdir(join(this.root, "claims"))).toEqual([]);
  }
}

describe(`labelling that is killed ${KILLS} times with SIGKILL (seed ${SEED})`, () => {
  it("ends with an undisturbed run's store, and asks nothing twice that was on disk", async () => {
    const random = new Random("kills", SEED);
    let kills = 0;
    let complete = 0;
    while (kills < KILLS) {
      const epoch = new Epoch(`epoch-${complete}`);
      while (await epoch.live(random)) if (kills + epoch.kills === KILLS) break;
      const last = startSharing(epoch.options);
      await last.outcome();
      await epoch.check();
      kills += epoch.kills;
      complete += 1;
    }
    // Work was lost and found again many times, not one store killed in its first moments only.
    expect(complete).toBeGreaterThan(3);
  }, 900_000);
});
