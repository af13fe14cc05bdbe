import { randomBytes } from "node:crypto";
import { access, link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { explainFileError, syncFolder } from "./files.ts";

/** How file systems without hard links (FAT, some network shares) answer. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"]);

async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns false where the file is there already. */
async function unlessThere(create: () => Promise<void>): Promise<boolean> {
  try {
    await create();
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw thrown;
  }
}

/**
 * Creates a file that nobody else has created, with all its content at once: written under another name, then linked.
 * Where the file system has no links the content follows a moment after the file.
 *
 * @returns whether it was created: of several processes that try, exactly one gets true.
 */
export async function createExclusive(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeNew(temporary, content);
    return await unlessThere(() => link(temporary, path));
  } catch (thrown) {
    if (!NO_LINKS.has((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
    return await unlessThere(() => writeNew(path, content));
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/**
 * Gives a file another name that nobody else has taken.
 *
 * @returns whether it was given; null where the file system has no links or the file is gone.
 */
export async function linkExclusive(source: string, path: string): Promise<boolean | null> {
  try {
    return await unlessThere(() => link(source, path));
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? "";
    if (NO_LINKS.has(code) || code === "ENOENT" || code === "EMLINK") return null;
    throw thrown;
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Writes a whole file unless there is one of that name, whatever its content: temporary name, fsync, link, fsync of the
 * folder. Where the file system has no links, of two that write at the same moment the later one replaces the other.
 *
 * @returns whether it was written.
 * @throws LimbeckError `E_DISK` when the disk is full, read-only, or not permitted; nothing half-written stays.
 */
export async function writeFileOnce(path: string, content: Uint8Array): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    if (await exists(path)) return false;
    await writeNew(temporary, content);
    const written = await unlessThere(() => link(temporary, path)).catch(
      async (thrown: unknown) => {
        if (!NO_LINKS.has((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
        if (await exists(path)) return false;
        await rename(temporary, path);
        return true;
      },
    );
    await syncFolder(dirname(path));
    return written;
  } catch (thrown) {
    throw explainFileError(thrown, path);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
