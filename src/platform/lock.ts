import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LimbeckError } from "../errors.ts";
import { createExclusive } from "./exclusive.ts";
import { explainFileError } from "./files.ts";
import { readChain, releaseHold, takeOver, type Holder } from "./holder-file.ts";
import { currentProcess, stateOf } from "./process-identity.ts";

/** A folder that is ours alone until it is released. */
export interface Lock {
  release(): Promise<void>;
}

/** The content of a lock file. */
interface LockHolder extends Holder {
  purpose: string;
  since: string;
}

/** A lock file without content is one that is just being written, unless it is older than this. */
const UNREADABLE_MS = 5000;
const ATTEMPTS = 200;

function lockedError(
  folder: string,
  path: string,
  holder: LockHolder,
  state: "alive" | "unknown",
): LimbeckError {
  const who = `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  const cure =
    state === "alive"
      ? "Wait until it has ended, stop it, or choose another folder with --out."
      : `It cannot be seen from here whether that process still runs. If it does not, delete ${path}; ` +
        "else choose another folder with --out.";
  return new LimbeckError(
    "E_LOCKED",
    `Expected ${folder} to be free, got it in use (${holder.purpose}): ${who}. ${cure}`,
  );
}

/** One try. @throws LimbeckError `E_LOCKED` where the holder is alive, or may be. */
async function attempt(folder: string, path: string, self: LockHolder): Promise<boolean> {
  const chain = await readChain<LockHolder>(path);
  const holder = chain.at(-1)?.holder;
  if (holder === undefined) return await createExclusive(path, JSON.stringify(self));
  if ("unreadable" in holder) {
    const beingWritten = Date.now() - holder.mtimeMs <= UNREADABLE_MS;
    return beingWritten ? false : await takeOver(path, chain, self);
  }
  const state = await stateOf(holder);
  if (state !== "dead") throw lockedError(folder, path, holder, state);
  return await takeOver(path, chain, self);
}

/**
 * Takes a folder for this process alone, by a file `.lock` in it. The lock of a process that has ended without
 * releasing is taken over, by one of those who want it; that of another machine or container never is.
 *
 * @param purpose - what is being done, for the one who finds the folder in use
 * @throws LimbeckError `E_LOCKED` that names who holds it and since when; `E_DISK` where the folder cannot be written.
 */
export async function acquireLock(folder: string, purpose: string): Promise<Lock> {
  const path = join(folder, ".lock");
  const identity = await currentProcess();
  const token = randomBytes(8).toString("hex");
  const self: LockHolder = { ...identity, token, purpose, since: new Date().toISOString() };
  try {
    await mkdir(folder, { recursive: true });
    for (let tries = 0; tries < ATTEMPTS; tries += 1) {
      if (await attempt(folder, path, self)) return { release: () => releaseHold(path, token) };
      await wait(10 + Math.random() * 50);
    }
  } catch (thrown) {
    throw explainFileError(thrown, path);
  }
  throw new LimbeckError(
    "E_LOCKED",
    `Expected to lock ${folder}, got ${ATTEMPTS} collisions with others. If nobody works there, delete ${path}.`,
  );
}
