import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createExclusive, linkExclusive } from "../platform/exclusive.ts";
import { explainFileError } from "../platform/files.ts";
import {
  readChain,
  readHolder,
  releaseHold,
  takeOver,
  type Holder,
  type Unreadable,
} from "../platform/holder-file.ts";
import { currentProcess, stateOf } from "../platform/process-identity.ts";

/** All in milliseconds. */
export interface ClaimTimes {
  /** A holder whose counter has stood still for so long, by the observer's own clock, has lost its claims. */
  lease: number;
  /** How often a holder counts. */
  beat: number;
  /** How long one who waits for others first waits before it looks again. */
  poll: number;
}

const CLAIM_TIMES: ClaimTimes = { lease: 60_000, beat: 10_000, poll: 50 };

const CLAIM = ".json";
const HOLDER = ".holder";
const BEAT = ".beat";
/** Files that exist only while a claim is being made or taken over. */
const HALF = /\.tmp$|\.after-[^.]+$/;

/**
 * Who works at what in a folder that several processes share, on one machine or many. A claim is a file that one process
 * creates; the claim of a process that has ended on this machine is free at once, that of one whose counter stands still
 * is free after the lease, which the observer measures by its own clock: no two clocks need to agree. A claim only keeps
 * others from doing the same work; whoever has lost one does no harm when it finishes.
 */
export class Claims {
  private readonly folder: string;
  private readonly times: ClaimTimes;
  private readonly self: Holder;
  private readonly held = new Set<string>();
  /** Counters of others and since when they stand still, on this process's clock. */
  private readonly watched = new Map<string, { counter: string | null; since: number }>();
  private started = false;
  private counter = 0;
  private timer: NodeJS.Timeout | undefined;

  private constructor(folder: string, self: Holder, times: ClaimTimes) {
    this.folder = folder;
    this.self = self;
    this.times = times;
  }

  /** Writes nothing until something is claimed. */
  static async open(folder: string, times: Partial<ClaimTimes> = {}): Promise<Claims> {
    const token = randomBytes(8).toString("hex");
    return new Claims(folder, { ...(await currentProcess()), token }, { ...CLAIM_TIMES, ...times });
  }

  /**
   * Claims what nobody else holds.
   *
   * @param names - letters and digits
   * @returns those that are ours now, in the order given.
   * @throws LimbeckError `E_DISK`
   */
  async claim(names: readonly string[]): Promise<string[]> {
    try {
      if (names.length > 0) await this.start();
      // Many claims have the same holder, who is looked at once.
      const free = new Map<string, Promise<boolean>>();
      const won = await Promise.all(names.map((name) => this.claimOne(name, free)));
      return names.filter((_, at) => won[at]);
    } catch (thrown) {
      throw explainFileError(thrown, this.folder);
    }
  }

  /** Gives claims up, those that are still ours. */
  async release(names: Iterable<string>): Promise<void> {
    const ours = [...names].filter((name) => this.held.delete(name));
    await Promise.all(ours.map((name) => releaseHold(this.pathOf(name), this.self.token)));
  }

  /** Gives all up, and clears away what processes that have ended on this machine left behind. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    if (!this.started) return;
    await this.release([...this.held]);
    await this.clearDead();
    await this.removeOwn(this.self.token);
    this.started = false;
  }

  private pathOf(name: string): string {
    return join(this.folder, `${name}${CLAIM}`);
  }

  /** The holder's file is written once; every claim is another name of it, which costs a fraction of a file. */
  private async start(): Promise<void> {
    if (this.started) return;
    this.started = true;
    await mkdir(this.folder, { recursive: true });
    await writeFile(join(this.folder, this.self.token + HOLDER), JSON.stringify(this.self));
    this.timer = setInterval(() => void this.beat(), this.times.beat);
    this.timer.unref();
  }

  private async beat(): Promise<void> {
    this.counter += 1;
    const path = join(this.folder, this.self.token + BEAT);
    try {
      await writeFile(`${path}.tmp`, String(this.counter));
      await rename(`${path}.tmp`, path);
    } catch {
      // A full disk: at worst the work is claimed by another as well.
    }
  }

  private async claimOne(name: string, free: Map<string, Promise<boolean>>): Promise<boolean> {
    if (this.held.has(name)) return true;
    if (!(await this.create(name)) && !(await this.succeed(name, free))) return false;
    this.held.add(name);
    return true;
  }

  private async create(name: string): Promise<boolean> {
    const linked = await linkExclusive(
      join(this.folder, this.self.token + HOLDER),
      this.pathOf(name),
    );
    return linked ?? (await createExclusive(this.pathOf(name), JSON.stringify(this.self)));
  }

  private async succeed(name: string, free: Map<string, Promise<boolean>>): Promise<boolean> {
    const chain = await readChain(this.pathOf(name));
    const holder = chain.at(-1)?.holder;
    if (holder === undefined) return await this.create(name);
    const { token } = holder;
    if (!free.has(token)) free.set(token, this.hasLost(holder));
    return (await free.get(token)!) && (await takeOver(this.pathOf(name), chain, this.self));
  }

  /** Whether a holder has ended, or has not counted for the lease. */
  private async hasLost(holder: Holder | Unreadable): Promise<boolean> {
    if (await isDead(holder)) return true;
    const path = join(this.folder, holder.token + BEAT);
    const counter = await readFile(path, "utf8").catch(() => null);
    const last = this.watched.get(holder.token);
    const now = performance.now();
    if (last?.counter === counter) return now - last.since > this.times.lease;
    this.watched.set(holder.token, { counter, since: now });
    return false;
  }

  private async removeOwn(token: string): Promise<void> {
    for (const ending of [BEAT, HOLDER])
      await rm(join(this.folder, token + ending), { force: true });
  }

  private async clearDead(): Promise<void> {
    const files = await readdir(this.folder);
    for (const file of files) {
      const path = join(this.folder, file);
      if (file.endsWith(HOLDER)) {
        const holder = await readHolder(path);
        if (holder !== null && (await isDead(holder))) await this.removeOwn(holder.token);
      } else if (file.endsWith(CLAIM)) {
        const chain = await readChain(path);
        const last = chain.at(-1);
        if (last === undefined || !(await isDead(last.holder))) continue;
        if (await takeOver(path, chain, this.self)) await releaseHold(path, this.self.token);
      }
    }
    await this.clearHalfTakeovers(files);
  }

  /**
   * Removes what kills in the middle of a takeover have left, if nobody else is here. Whoever works here writes its
   * holder's file before all others: had one of these files an owner who lives, the second list would show its holder.
   */
  private async clearHalfTakeovers(files: readonly string[]): Promise<void> {
    const holders = (await readdir(this.folder)).filter((file) => file.endsWith(HOLDER));
    if (holders.some((file) => file !== this.self.token + HOLDER)) return;
    for (const file of files)
      if (HALF.test(file)) await rm(join(this.folder, file), { force: true });
  }
}

/** Whether a holder is a process of this machine that has ended. */
async function isDead(holder: Holder | Unreadable): Promise<boolean> {
  return !("unreadable" in holder) && (await stateOf(holder)) === "dead";
}
