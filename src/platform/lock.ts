import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LimbeckError } from "../errors.ts";
import { createExclusive } from "./exclusive.ts";
import { explainFileError } from "./files.ts";
import { currentProcess, stateOf, type ProcessIdentity } from "./process-identity.ts";

/** A folder that is ours alone until it is released. */
export interface Lock {
  release(): Promise<void>;
}

/** The content of a lock file. */
interface Holder extends ProcessIdentity {
  /** Differs for every lock ever taken. */
  token: string;
  purpose: string;
  since: string;
}

/** A lock file without content is one that is just being written, unless it is older than this. */
const UNREADABLE_MS = 5000;
const ATTEMPTS = 200;

/** Who holds a lock file; `dead` where it never got its content (a power cut), null where there is no such file. */
type Found = Holder | { token: string; dead: true } | "being written" | null;

async function readHolder(path: string): Promise<Found> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return parseHolder(text) ?? unreadable(mtimeMs);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return typeof holder?.pid === "number" && typeof holder.token === "string"
      ? (holder as Holder)
      : null;
  } catch {
    return null;
  }
}

function unreadable(mtimeMs: number): Found {
  const age = Date.now() - mtimeMs;
  return age > UNREADABLE_MS
    ? { token: `unreadable-${Math.round(mtimeMs)}`, dead: true }
    : "being written";
}

function lockedError(
  folder: string,
  path: string,
  holder: Holder,
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

interface Link {
  path: string;
  holder: Holder | { token: string; dead: true };
}

/** The successor's file of a holder that has died: whoever creates it takes the lock over. */
function successorPath(path: string, dead: Link): string {
  return `${path}.after-${dead.holder.token}`;
}

/**
 * Follows the lock file and the successors of dead holders to the last one.
 *
 * @returns the files and holders passed, first the lock file's; empty where the lock is free.
 */
async function readChain(path: string): Promise<Link[] | "being written"> {
  const chain: Link[] = [];
  let next = path;
  for (;;) {
    const holder = await readHolder(next);
    if (holder === "being written") return holder;
    if (holder === null) return chain;
    const passed = { path: next, holder };
    chain.push(passed);
    next = successorPath(path, passed);
  }
}

/** Whether the files still hold whom they held: nobody has finished a takeover meanwhile. */
async function unchanged(chain: readonly Link[]): Promise<boolean> {
  for (const { path, holder } of chain) {
    const now = await readHolder(path);
    if (now === null || now === "being written" || now.token !== holder.token) return false;
  }
  return true;
}

/**
 * Takes over from a chain of dead holders. Of several that try, the one that creates the last dead holder's successor
 * file wins. It then replaces the lock file before it removes the successor files; so one who read the old chain and
 * comes too late finds either the successor there or the lock file changed, and never wins as well.
 */
async function takeOver(path: string, chain: readonly Link[], self: Holder): Promise<boolean> {
  const successor = successorPath(path, chain.at(-1)!);
  if (!(await createExclusive(successor, JSON.stringify(self)))) return false;
  if (!(await unchanged(chain))) {
    await rm(successor, { force: true });
    return false;
  }
  const temporary = `${path}.${self.token}.tmp`;
  await writeFile(temporary, JSON.stringify(self));
  await rename(temporary, path);
  for (const { path: passed } of chain.slice(1)) await rm(passed, { force: true });
  await rm(successor, { force: true });
  return true;
}

/** One try. @throws LimbeckError `E_LOCKED` where the holder is alive, or may be. */
async function attempt(folder: string, path: string, self: Holder): Promise<boolean> {
  const chain = await readChain(path);
  if (chain === "being written") return false;
  const holder = chain.at(-1)?.holder;
  if (holder === undefined) return await createExclusive(path, JSON.stringify(self));
  const state = "dead" in holder ? "dead" : await stateOf(holder);
  if (state !== "dead") throw lockedError(folder, path, holder as Holder, state);
  return await takeOver(path, chain, self);
}

async function release(path: string, token: string): Promise<void> {
  const holder = await readHolder(path);
  const ours = holder !== null && holder !== "being written" && holder.token === token;
  if (ours) await rm(path, { force: true });
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
  const self: Holder = { ...identity, token, purpose, since: new Date().toISOString() };
  try {
    await mkdir(folder, { recursive: true });
    for (let tries = 0; tries < ATTEMPTS; tries += 1) {
      if (await attempt(folder, path, self)) return { release: () => release(path, token) };
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
