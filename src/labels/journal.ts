import { randomBytes } from "node:crypto";
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

interface Waiting {
  line: string;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/**
 * Answers that were paid for, on disk one by one: `journal-<token>.jsonl` in a label store, only ever appended to.
 * Entries that arrive while the disk is being waited for share the next wait. Its rows become shards, and its sums a
 * ledger, by `foldJournals`.
 */
export class Journal {
  private readonly root: string;
  private readonly header: JournalHeader;
  /** Tokens of the files that this journal has written. */
  readonly tokens: string[] = [];
  private file: FileHandle | null = null;
  private written = 0;
  private waiting: Waiting[] = [];
  private writing: Promise<void> | null = null;
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

  /** Writes an entry; when the promise resolves it survives a power cut. @throws LimbeckError `E_DISK` */
  record(entry: JournalEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ line: encodeLine(entry), resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  /** Waits for what is being written and ends the file. */
  async close(): Promise<void> {
    await this.writing;
    if (this.failure === null) await this.endFile();
    else await this.file?.close();
    this.file = null;
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.write(batch);
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        this.failure ??= { thrown };
        for (const { reject } of batch) reject(thrown);
      }
    }
    this.writing = null;
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    if (this.failure !== null) throw this.failure.thrown;
    try {
      if (this.written >= SEGMENT_ENTRIES) await this.endFile();
      this.file ??= await this.startFile();
      await this.file.appendFile(batch.map(({ line }) => line).join(""));
      await this.file.datasync();
      this.written += batch.length;
    } catch (thrown) {
      throw explainFileError(thrown, this.root);
    }
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
