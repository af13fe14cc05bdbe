import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createExclusive } from "../platform/exclusive.ts";
import { explainFileError, syncFolder } from "../platform/files.ts";
import { currentProcess } from "../platform/process-identity.ts";
import { encodeLine, type JournalEntry, type JournalHeader } from "./journal-lines.ts";

/** Entries per file: what is read again when a journal is folded, at about a kilobyte each. */
const SEGMENT_ENTRIES = 8192;

/** The name of a journal's file, and the token in it. */
export const JOURNAL = /^journal-([0-9a-f]{16})\.jsonl$/;

/** An entry that a kill of this process cannot lose any more. */
export interface Kept {
  /** Resolves when a power cut cannot lose it either. @throws LimbeckError `E_DISK` */
  durable: Promise<void>;
}

interface Pending<Value> {
  resolve: (value: Value) => void;
  reject: (reason: unknown) => void;
}

/**
 * Answers that were paid for, on disk one by one: `journal-<token>.jsonl` in a label store, only ever appended to.
 * Entries are written at once; those that arrive while the disk is being waited for share the next wait. Its rows become
 * shards, and its sums a ledger, by `foldJournals`.
 */
export class Journal {
  private readonly root: string;
  private readonly header: JournalHeader;
  /** Tokens of the files that this journal has written. */
  readonly tokens: string[] = [];
  private file: FileHandle | null = null;
  private written = 0;
  private waiting: (Pending<Kept> & { line: string })[] = [];
  private writing: Promise<void> | null = null;
  /** Entries that are written and not on the disk yet. */
  private unsynced: Pending<undefined>[] = [];
  private syncing: Promise<void> | null = null;
  /** What stopped the disk: after it nothing is written, since the file may end in half a line. */
  private failure: { thrown: unknown } | null = null;

  private constructor(root: string, header: JournalHeader) {
    this.root = root;
    this.header = header;
  }

  /**
   * A new journal of this process in a store's folder, which must exist. Its file is made with the first entry.
   *
   * @param currency - of the money in the entries; null where no price is known
   */
  static async open(root: string, currency: string | null): Promise<Journal> {
    const holder = await currentProcess();
    return new Journal(root, { schema: "limbeck.journal/1", holder, currency });
  }

  /** Writes an entry; when the promise resolves a kill cannot lose it. @throws LimbeckError `E_DISK` */
  record(entry: JournalEntry): Promise<Kept> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ line: encodeLine(entry), resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  /** Waits for what is being written and ends the file. */
  async close(): Promise<void> {
    await this.writing;
    await this.syncing;
    if (this.failure === null) await this.endFile();
    else await this.file?.close();
    this.file = null;
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.write(batch.map(({ line }) => line));
        for (const { resolve } of batch) resolve({ durable: this.sync() });
      } catch (thrown) {
        for (const { reject } of batch) reject(this.fail(thrown));
      }
    }
    this.writing = null;
  }

  private async write(lines: readonly string[]): Promise<void> {
    if (this.failure !== null) throw this.failure.thrown;
    if (this.written >= SEGMENT_ENTRIES) {
      await this.syncing;
      await this.endFile();
    }
    this.file ??= await this.startFile();
    // Into the page cache, which is a copy of a few bytes: two trips to a thread would keep a call's slot for longer.
    writeWhole(this.file.fd, Buffer.from(lines.join("")));
    this.written += lines.length;
  }

  /** Resolves after a wait for the disk that begins from now on. */
  private sync(): Promise<void> {
    const durable = new Promise<undefined>((resolve, reject) => {
      this.unsynced.push({ resolve, reject });
    });
    durable.catch(() => undefined); // whoever waits for it hears of it
    this.syncing ??= this.syncAll();
    return durable;
  }

  private async syncAll(): Promise<void> {
    while (this.unsynced.length > 0) {
      const batch = this.unsynced;
      this.unsynced = [];
      try {
        if (this.failure !== null) throw this.failure.thrown;
        await this.file?.datasync();
        for (const { resolve } of batch) resolve(undefined);
      } catch (thrown) {
        for (const { reject } of batch) reject(this.fail(thrown));
      }
    }
    this.syncing = null;
  }

  /** The first failure is everybody's from then on. */
  private fail(thrown: unknown): unknown {
    this.failure ??= { thrown: explainFileError(thrown, this.root) };
    return this.failure.thrown;
  }

  private async startFile(): Promise<FileHandle> {
    const token = randomBytes(8).toString("hex");
    const path = join(this.root, `journal-${token}.jsonl`);
    await createExclusive(path, encodeLine(this.header));
    const file = await open(path, "a");
    await syncFolder(this.root);
    this.tokens.push(token);
    this.written = 0;
    return file;
  }

  private async endFile(): Promise<void> {
    const file = this.file;
    if (file === null) return;
    this.file = null;
    try {
      await file.appendFile(encodeLine({ closed: true }));
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length;) from += writeSync(file, bytes, from);
}
