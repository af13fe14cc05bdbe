import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readJson, writeJson } from "../platform/files.ts";
import type { Outlay, TextId } from "../types.ts";
import { JOURNAL } from "./journal.ts";
import { parseJournal, type JournalContent } from "./journal-lines.ts";

/** What one journal says besides rows: `ledger/<token>.json` once it is folded. */
export interface LedgerPage {
  schema: "limbeck.ledger/1";
  /** Of the journal that it comes from: a page counts once, whether its journal is still there or not. */
  token: string;
  /** Null where no price is known. */
  currency: string | null;
  paid: Outlay;
  /** Why each text was set aside. */
  setAside: Record<TextId, string>;
  /** Milliseconds since 1970: of two pages the later one's reason counts. */
  at: number;
}

const FOLDER = "ledger";
const PAGE = /^([0-9a-f]{16})\.json$/;

/** Sums of money are null only where there is none at all. */
export function addOutlays(first: Outlay, second: Outlay): Outlay {
  return {
    calls: first.calls + second.calls,
    inputTokens: first.inputTokens + second.inputTokens,
    outputTokens: first.outputTokens + second.outputTokens,
    money:
      first.money === null && second.money === null
        ? null
        : (first.money ?? 0) + (second.money ?? 0),
  };
}

export const NOTHING_PAID: Outlay = { calls: 0, inputTokens: 0, outputTokens: 0, money: null };

/** The page of a journal, the same whoever makes it. */
export function pageOf(token: string, content: JournalContent, at: number): LedgerPage {
  let paid = NOTHING_PAID;
  const setAside: Record<TextId, string> = {};
  for (const entry of content.entries) {
    if (entry.paid !== undefined) paid = addOutlays(paid, entry.paid);
    if (entry.reason !== undefined) setAside[entry.id] = entry.reason;
    else if (entry.logits !== undefined) Reflect.deleteProperty(setAside, entry.id);
  }
  const { currency } = content.header;
  return { schema: "limbeck.ledger/1", token, currency, paid, setAside, at };
}

/** Files of a store's folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw thrown;
  }
}

/** A journal's content; null where it is gone, folded meanwhile, or has no header. */
export async function readJournal(path: string): Promise<JournalContent | null> {
  try {
    return parseJournal(await readFile(path, "utf8"));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
}

/** Writes a folded journal's page: again and again the same file. */
export async function writePage(root: string, page: LedgerPage): Promise<void> {
  await writeJson(join(root, FOLDER, `${page.token}.json`), page);
}

/**
 * Everything that was ever paid or set aside in a store, journals that are being written included.
 *
 * @param root - the store's own folder
 * @param without - tokens of journals that are left out
 */
export async function readLedger(
  root: string,
  without: readonly string[] = [],
): Promise<LedgerPage[]> {
  const pages = new Map<string, LedgerPage>();
  // Journals first: one that is folded while this reads is found among the pages, and nothing is missed.
  for (const name of await namesIn(root)) {
    const token = JOURNAL.exec(name)?.[1];
    if (token === undefined || without.includes(token)) continue;
    const content = await readJournal(join(root, name));
    if (content !== null) pages.set(token, pageOf(token, content, Date.now()));
  }
  for (const name of await namesIn(join(root, FOLDER))) {
    const token = PAGE.exec(name)?.[1];
    if (token === undefined || without.includes(token)) continue;
    const page = await readJson<LedgerPage>(join(root, FOLDER, name));
    if (page !== null) pages.set(token, page);
  }
  return [...pages.values()].sort((first, second) => first.at - second.at);
}

/** Texts that were set aside and why, by a store's ledger; those that have a row by now may be among them. */
export async function readSetAside(root: string): Promise<Map<TextId, string>> {
  const reasons = new Map<TextId, string>();
  for (const { setAside } of await readLedger(root))
    for (const [id, reason] of Object.entries(setAside)) reasons.set(id, reason);
  return reasons;
}
