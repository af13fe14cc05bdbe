import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { LimbeckError } from "../errors.ts";
import { digestOf, sha256File } from "../platform/digest.ts";
import { explainReadError } from "./read-errors.ts";
import { listFolder } from "./readers/folder.ts";
import { ROLES, type Role, type Sources } from "./sources.ts";

async function hashPath(path: string, file: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) return await sha256File(path);
    const entries = await listFolder(path);
    const hashes: [string, string][] = [];
    for (const entry of entries) hashes.push([entry.name, await sha256File(entry.path)]);
    return digestOf(hashes);
  } catch (thrown) {
    throw explainReadError(thrown, file);
  }
}

/**
 * SHA-256 of every source file by role (of a folder: over its files' names and hashes). Where the files lie does not
 * matter, only their own names and contents.
 *
 * @throws LimbeckError `E_DATA` where a file of a named dataset is not what its README says.
 */
export async function hashSources(
  sources: Sources,
): Promise<Record<Role, { name: string; sha256: string }[]>> {
  const hashes: Record<Role, { name: string; sha256: string }[]> = {
    train: [],
    unlabeled: [],
    validation: [],
    test: [],
  };
  for (const role of ROLES) {
    for (const { path, file, sha256: expected } of sources.files[role]) {
      const sha256 = await hashPath(path, file);
      if (expected !== undefined && sha256 !== expected) {
        throw new LimbeckError(
          "E_DATA",
          `Expected ${file} with SHA-256 ${expected}, got ${sha256}. The dataset's file has been changed: install the package anew, ` +
            "or name the file as a path of your own in data.source.",
        );
      }
      hashes[role].push({ name: basename(path), sha256 });
    }
  }
  return hashes;
}
