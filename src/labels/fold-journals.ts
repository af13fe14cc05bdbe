import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { explainFileError } from "../platform/files.ts";
import { stateOf, type ProcessIdentity } from "../platform/process-identity.ts";
import { JOURNAL } from "./journal.ts";
import { parseJournal, type JournalContent, type JournalEntry } from "./journal-lines.ts";
import { namesIn, pageOf, readJournal, writePage } from "./ledger.ts";
import { SHARD_TEXTS, type LabelStore } from "./label-store.ts";

type Answer = JournalEntry & { logits: readonly number[] };

/** What a journal's first and last line say; null where the file is gone. */
async function peek(path: string): Promise<{ holder: ProcessIdentity; closed: boolean } | null> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    const first = Buffer.alloc(Math.min(size, 2048));
    await file.read(first, 0, first.length, 0);
    const last = Buffer.alloc(Math.min(size, 64));
    await file.read(last, 0, last.length, size - last.length);
    const header = parseJournal(`${first.toString().split("\n")[0]!}\n`)?.header;
    if (header === undefined) return null;
    return { holder: header.holder, closed: last.toString().includes('{"closed":true,') };
  } finally {
    await file.close();
  }
}

/** Commits the rows of a journal that the store lacks. */
async function appendRows(store: LabelStore, { entries }: JournalContent): Promise<void> {
  const { width } = store.format;
  const answers = entries.filter(
    (entry): entry is Answer => entry.logits?.length === width && !store.has(entry.id),
  );
  for (let from = 0; from < answers.length; from += SHARD_TEXTS) {
    const some = answers.slice(from, from + SHARD_TEXTS);
    const rows = new Float32Array(some.length * width);
    some.forEach(({ logits }, row) => {
      rows.set(logits, row * width);
    });
    const names = store.format.extras;
    const extras = Float32Array.from(
      some.flatMap((answer) => names.map((name) => answer.extras?.[name] ?? NaN)),
    );
    await store.append(
      some.map(({ id }) => id),
      rows,
      extras,
    );
  }
}

/** A journal with damaged lines stays to be looked at; any other has done its work. */
async function remove(store: LabelStore, name: string, { damaged }: JournalContent): Promise<void> {
  if (damaged === 0) {
    await rm(join(store.root, name), { force: true });
    return;
  }
  await mkdir(join(store.root, "damaged"), { recursive: true });
  await rename(join(store.root, name), join(store.root, "damaged", name));
  const lines = damaged === 1 ? "a damaged line" : `${damaged} damaged lines`;
  store.notes.push(`${name} had ${lines} and was moved to damaged/; those texts are asked again.`);
}

async function fold(store: LabelStore, name: string, token: string): Promise<void> {
  const path = join(store.root, name);
  const peeked = await peek(path);
  if (peeked === null) return;
  const state = peeked.closed ? "dead" : await stateOf(peeked.holder);
  if (state === "alive") return;
  const found = await stat(path).catch(() => null);
  const content = await readJournal(path);
  if (found === null || content === null) return;
  await appendRows(store, content);
  // Whether the process of another machine still writes cannot be seen from here: its file stays, its rows are used.
  if (state === "unknown") return;
  await writePage(store.root, pageOf(token, content, Math.round(found.mtimeMs)));
  await remove(store, name, content);
}

/**
 * Takes over what journals hold that nobody writes any more: rows into shards, sums and texts set aside into the
 * ledger, then the file is removed. A kill between any two steps, or two processes that do the same, lose nothing and
 * count nothing twice: rows are joined by id, and a journal and its ledger page bear the same token.
 *
 * @throws LimbeckError `E_DISK`
 */
export async function foldJournals(store: LabelStore): Promise<void> {
  try {
    for (const name of await namesIn(store.root)) {
      const token = JOURNAL.exec(name)?.[1];
      if (token !== undefined) await fold(store, name, token);
    }
  } catch (thrown) {
    throw explainFileError(thrown, store.root);
  }
}
