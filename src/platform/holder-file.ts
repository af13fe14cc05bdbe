import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createExclusive } from "./exclusive.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** What a file says that a process holds something by. */
export interface Holder extends ProcessIdentity {
  /** Differs for everything ever held, or for every process that holds much of a kind. */
  token: string;
}

/** A file without content: one that is just being written, or that a power cut has emptied. */
export interface Unreadable {
  token: string;
  unreadable: true;
  mtimeMs: number;
}

/** A file and who holds it; the file is the thing's own, or that of a dead holder's successor. */
export interface Link<Content extends Holder> {
  path: string;
  holder: Content | Unreadable;
}

/** Who holds a file; null where there is none. */
export async function readHolder<Content extends Holder>(
  path: string,
): Promise<Content | Unreadable | null> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    const token = `unreadable-${Math.round(mtimeMs)}`;
    return (parseHolder(text) as Content | null) ?? { token, unreadable: true, mtimeMs };
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

/** The successor's file of a holder that has died: whoever creates it takes over. */
function successorPath<Content extends Holder>(path: string, dead: Link<Content>): string {
  return `${path}.after-${dead.holder.token}`;
}

/**
 * Follows a file and the successors of dead holders to the last one.
 *
 * @returns the files and holders passed, first the file's own; empty where nobody holds it.
 */
export async function readChain<Content extends Holder>(path: string): Promise<Link<Content>[]> {
  const chain: Link<Content>[] = [];
  let next = path;
  for (;;) {
    const holder = await readHolder<Content>(next);
    if (holder === null) return chain;
    const passed = { path: next, holder };
    chain.push(passed);
    next = successorPath(path, passed);
  }
}

/** Whether the files still hold whom they held: nobody has finished a takeover meanwhile. */
async function unchanged<Content extends Holder>(
  chain: readonly Link<Content>[],
): Promise<boolean> {
  for (const { path, holder } of chain) {
    const now = await readHolder(path);
    if (now?.token !== holder.token) return false;
  }
  return true;
}

/**
 * Takes over from a chain of dead holders. Of several that try, the one that creates the last dead holder's successor
 * file wins. It then replaces the thing's own file before it removes the successor files; so one who read the old chain
 * and comes too late finds either the successor there or the file changed, and never wins as well.
 *
 * @param chain - as `readChain` gave it, not empty
 */
export async function takeOver<Content extends Holder>(
  path: string,
  chain: readonly Link<Content>[],
  self: Content,
): Promise<boolean> {
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

/** Removes a file if it is still held under this token. */
export async function releaseHold(path: string, token: string): Promise<void> {
  const holder = await readHolder(path);
  if (holder?.token === token) await rm(path, { force: true });
}
