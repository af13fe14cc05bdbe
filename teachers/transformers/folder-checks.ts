import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError, messageOf } from "../../src/errors.ts";

/** Says what was expected in a folder, and what is there. */
export type FolderError = (
  path: string,
  expected: string,
  got: string,
  cause?: unknown,
) => LimbeckError;

/**
 * Makes the errors of one kind of folder.
 *
 * @param name - what the folder is called in them, such as `the teacher's folder`
 * @param fix - what to do, as a sentence
 */
export function makeFolderError(name: string, fix: string): FolderError {
  return (path, expected, got, cause) =>
    new LimbeckError("E_TEACHER", `Expected ${expected} in ${name} ${path}, got ${got}. ${fix}`, {
      cause,
    });
}

/** @throws LimbeckError as `error` makes it, where there is no such folder. */
export async function requireFolder(path: string, error: FolderError): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw error(path, "a model", "no such folder");
  if (!found.isDirectory()) throw error(path, "a model", "a file");
}

/** What a folder's JSON file says. @throws LimbeckError as `error` makes it, where it cannot be read. */
export async function readJsonIn(
  folder: string,
  { file, error }: { file: string; error: FolderError },
): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, file), "utf8")) as unknown;
  } catch (thrown) {
    throw error(folder, `JSON in ${file}`, messageOf(thrown), thrown);
  }
}
