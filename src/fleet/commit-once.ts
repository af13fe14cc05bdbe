import { randomBytes } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { explainFileError, syncFolder } from "../platform/files.ts";

/** How file systems without hard links (FAT, some network shares) answer. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"]);

/**
 * Commits a file to a name that is given beforehand: written and synced under another name, then linked. Of several that
 * commit the same name the first one's content stays; a name that is there means that all of it is there.
 *
 * @returns whether it was this call that committed it
 * @throws LimbeckError `E_DISK`; the file is then there as a whole or not at all.
 */
export async function commitOnce(path: string, bytes: Uint8Array): Promise<boolean> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const first = await linkOrRename(temporary, path);
    await syncFolder(folder);
    return first;
  } catch (thrown) {
    throw explainFileError(thrown, path);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function linkOrRename(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? "";
    if (code === "EEXIST") return false;
    if (!NO_LINKS.has(code)) throw thrown;
    // Without links the last one's content stays: labels of the same texts by the same teacher.
    await rename(temporary, path);
    return true;
  }
}
