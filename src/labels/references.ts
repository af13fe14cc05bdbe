import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { digestOf } from "../platform/digest.ts";
import { readJson } from "../platform/files.ts";

const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Every digest that a JSON value names or contains: texts that are digests, and the digests of the mappings in it, since
 * a teacher's description holds those of its parts, such as its encoder, whole.
 */
export function digestsIn(value: unknown): Set<string> {
  const found = new Set<string>();
  const visit = (inner: unknown): void => {
    if (typeof inner === "string" && DIGEST.test(inner)) found.add(inner);
    else if (Array.isArray(inner)) inner.forEach(visit);
    else if (inner !== null && typeof inner === "object") {
      found.add(digestOf(inner));
      Object.values(inner).forEach(visit);
    }
  };
  visit(value);
  return found;
}

/** A run that has labels. */
export interface LabelledRun {
  /** Its folder's name. */
  name: string;
  /** Digest of its teacher, which is that of its label store. */
  teacher: string;
  /** Every digest that its label stage names. */
  digests: ReadonlySet<string>;
}

/** The runs in a folder whose label stage is complete, by name; empty where there is no such folder. */
export async function findLabelledRuns(runsFolder: string): Promise<LabelledRun[]> {
  const entries = await readdir(runsFolder, { withFileTypes: true }).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw thrown;
  });
  const runs: LabelledRun[] = [];
  for (const name of entries.map((entry) => entry.name).sort()) {
    const manifest = await readManifestOf(join(runsFolder, name));
    const teacher = manifest?.details?.teacher?.digest;
    if (teacher !== undefined)
      runs.push({ name: basename(name), teacher, digests: digestsIn(manifest) });
  }
  return runs;
}

interface Manifest {
  details?: { teacher?: { digest?: string } };
}

async function readManifestOf(run: string): Promise<Manifest | null> {
  try {
    return await readJson<Manifest>(join(run, "label", "manifest.json"));
  } catch (thrown) {
    // A file among the runs, not a folder.
    if ((thrown as NodeJS.ErrnoException).code === "ENOTDIR") return null;
    throw thrown;
  }
}

/**
 * For every store the runs that use it: by name, or since another store that they use is made from it, as labels are
 * from an encoder's vectors.
 *
 * @param stores - every store's digest, with its description where that can be read
 */
export function usersOf(
  stores: ReadonlyMap<string, unknown>,
  runs: readonly LabelledRun[],
): Map<string, string[]> {
  const parts = new Map([...stores].map(([digest, value]) => [digest, digestsIn(value)]));
  const users = new Map([...stores.keys()].map((digest) => [digest, new Set<string>()]));
  for (const { name, digests } of runs) {
    const open = [...digests];
    const seen = new Set(open);
    for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
      users.get(digest)?.add(name);
      for (const part of parts.get(digest) ?? []) {
        if (seen.has(part)) continue;
        seen.add(part);
        open.push(part);
      }
    }
  }
  return new Map([...users].map(([digest, names]) => [digest, [...names].sort()]));
}
