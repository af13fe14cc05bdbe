import { randomBytes } from "node:crypto";
import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { LimbeckError, messageOf } from "../errors.ts";

const CURES: Readonly<Record<string, string>> = {
  ENOSPC:
    "The disk is full. Free some space and give the same command again: it goes on where it stopped.",
  EDQUOT: "The disk quota is used up. Free some space and give the same command again.",
  EROFS: "The file system is read-only. Choose another folder with --out.",
  EACCES: "Permission denied. Choose another folder with --out, or mend the permissions.",
  EPERM: "Operation not permitted. Choose another folder with --out, or mend the permissions.",
  ENOTDIR:
    "A part of this path is a file, not a folder. Choose another folder with --out, or move that file.",
};

/** The nearest folder above a path that exists. */
function existingFolder(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/**
 * The code of what happened. Node's recursive mkdir answers ENOENT where a folder cannot be made at all, such as on a
 * read-only file system; what is in the way is asked again of the folder above.
 */
function codeOf(thrown: unknown, path: string): string | undefined {
  const { code, syscall } = (thrown ?? {}) as NodeJS.ErrnoException;
  if (syscall !== "mkdir") return code;
  if (code === "EEXIST") return "ENOTDIR";
  if (code !== "ENOENT") return code;
  try {
    accessSync(existingFolder(path), constants.W_OK);
    return code;
  } catch (refused) {
    return (refused as NodeJS.ErrnoException).code;
  }
}

/** Turns an error of the file system that the user can mend into one that says how; returns others as they are. */
export function explainFileError(thrown: unknown, path: string): unknown {
  const code = codeOf(thrown, path);
  const cure = code === undefined ? undefined : CURES[code];
  if (cure === undefined) return thrown;
  return new LimbeckError("E_DISK", `Cannot write ${path}: ${cure}`, { cause: thrown });
}

/** Makes the folder's entries durable. Windows cannot open folders and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Has a file of any size written under a temporary name, then puts it in its place: fsync, rename, fsync of the folder,
 * so that after a kill or a power cut either the old or the whole new file is there.
 *
 * @param write - writes the file whose path it is given, from the start
 * @throws LimbeckError `E_DISK` when the disk is full, read-only, or not permitted; nothing half-written stays.
 */
export async function replaceFile(
  path: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await write(temporary);
    const handle = await open(temporary, "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explainFileError(thrown, path);
  }
}

/**
 * Writes a whole file so that after a kill or a power cut either the old or the new content is there.
 *
 * @throws LimbeckError `E_DISK` when the disk is full, read-only, or not permitted; nothing half-written stays.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await replaceFile(path, (temporary) => writeFile(temporary, content, { flag: "wx" }));
}

/** Reads a JSON file, or null where there is none. @throws LimbeckError `E_DATA` naming the file that is not JSON. */
export async function readJson<Value>(path: string): Promise<Value | null> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
  try {
    return JSON.parse(content) as Value;
  } catch (thrown) {
    throw new LimbeckError(
      "E_DATA",
      `Expected JSON in ${path}: ${messageOf(thrown)}. Delete the file to have it made anew.`,
      { cause: thrown },
    );
  }
}

/** Writes JSON for people and machines: two spaces, a final newline. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
