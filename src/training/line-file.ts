import { mkdir, open, readFile, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { explainFileError } from "../platform/files.ts";

/** Characters that are gathered before they are written. */
const BLOCK = 1 << 20;

/** Writes JSON values, one a line, keeping only a block in memory. */
export class LineFile {
  readonly path: string;
  private readonly handle: FileHandle;
  private pending: string[] = [];
  private characters = 0;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  async add(value: unknown): Promise<void> {
    const line = `${JSON.stringify(value)}\n`;
    this.pending.push(line);
    this.characters += line.length;
    if (this.characters >= BLOCK) await this.flush();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.handle.close();
    }
  }

  private async flush(): Promise<void> {
    const lines = this.pending.join("");
    [this.pending, this.characters] = [[], 0];
    try {
      await this.handle.writeFile(lines);
    } catch (thrown) {
      throw explainFileError(thrown, this.path);
    }
  }
}

/** Starts a new file. @throws LimbeckError `E_DISK`. */
export async function openLineFile(path: string): Promise<LineFile> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return new LineFile(path, await open(path, "w"));
  } catch (thrown) {
    throw explainFileError(thrown, path);
  }
}

/** The values of a file that {@link openLineFile} wrote. */
export async function readLineFile<Value>(path: string): Promise<Value[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Value);
}
