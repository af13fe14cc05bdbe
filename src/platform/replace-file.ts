import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { explainFileError, syncFolder } from "./files.ts";

/**
 * Has a file of any size written under a temporary name, then puts it in its place: after a kill or a power cut either
 * the old or the whole new file is there.
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
