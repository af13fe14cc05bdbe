import { randomBytes } from "node:crypto";
import { link, open, rm } from "node:fs/promises";

/** How file systems without hard links (FAT, some network shares) answer. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"]);

async function writeNew(path: string, content: string): Promise<void> {
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
