import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, isAbsolute, relative, sep } from "node:path";
import { LimbeckError } from "../errors.ts";
import { digestOf, sha256File } from "../platform/digest.ts";
import { packageRoot } from "../platform/package-root.ts";
import { recipePathCandidates } from "../platform/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Dataset } from "../types.ts";
import { expandGlob, isGlob } from "./glob.ts";
import { explainReadError, missingFile } from "./read-errors.ts";
import { listFolder } from "./readers/folder.ts";
import type { WantedColumns } from "./text-file.ts";

export const ROLES = ["train", "unlabeled", "validation", "test"] as const;
/** What the recipe uses a file for. */
export type Role = (typeof ROLES)[number];

export interface SourceFile {
  /** Absolute. */
  path: string;
  /** As messages name it: relative to where the recipe's path was found. */
  file: string;
  /** What a named dataset says its SHA-256 is. */
  sha256?: string;
}

/** The files that a recipe names, found. */
export interface Sources {
  /** Name in datasets/, or null. */
  dataset: string | null;
  columns: WantedColumns;
  files: Record<Role, SourceFile[]>;
}

type DatasetLoaders = Readonly<Record<string, () => Promise<Dataset>>>;

const slashes = (path: string): string => path.split(sep).join("/");

function shown(path: string, pattern: string, base: string): string {
  if (isAbsolute(pattern)) return path;
  // `base` is the pattern made absolute: what precedes the pattern is the folder that it was found in.
  return slashes(relative(base, path));
}

async function findFiles(pattern: string, recipeFolder: string | null, names: readonly string[]): Promise<SourceFile[]> {
  const candidates = recipePathCandidates(pattern, recipeFolder);
  const bases = recipePathCandidates(".", recipeFolder);
  for (const [at, candidate] of candidates.entries()) {
    const base = bases[at] ?? "/";
    if (existsSync(candidate)) return [{ path: candidate, file: isAbsolute(pattern) ? candidate : slashes(pattern) }];
    if (!isGlob(pattern)) continue;
    const found = await expandGlob(candidate);
    if (found.length > 0) return found.map((path) => ({ path, file: shown(path, pattern, base) }));
  }
  if (!isGlob(pattern)) throw missingFile(pattern, candidates, names);
  throw new LimbeckError(
    "E_DATA",
    `Expected files that match "${pattern}", got none in ${bases.join(", ")}. Mend the pattern: * within a name, ** over folders.`,
  );
}

async function namedDataset(name: string, load: () => Promise<Dataset>, columns: WantedColumns): Promise<Sources> {
  const dataset = await load();
  const files = dataset.files();
  const list = (paths: readonly string[] = []): SourceFile[] =>
    paths.map((path) => {
      const sha256 = dataset.hashes[basename(path)];
      const file = slashes(relative(packageRoot(), path));
      return { path, file, ...(sha256 === undefined ? {} : { sha256 }) };
    });
  return {
    dataset: name,
    columns: { text: columns.text ?? dataset.columns.text, label: columns.label ?? dataset.columns.label },
    files: {
      train: list(files.train),
      unlabeled: list(files.unlabeled),
      validation: list(files.validation),
      test: list(files.test),
    },
  };
}

/**
 * Finds the files behind `data.source`: a dataset's name, a path or pattern of texts for training, or paths by role.
 * Relative paths start beside the recipe, then in the working directory, then in the package.
 *
 * @throws LimbeckError `E_DATA` where nothing is there, with the nearest name; `E_RECIPE` where nothing is named to train on.
 */
export async function resolveSources(
  data: Pick<Recipe["data"], "source" | "columns">,
  recipeFolder: string | null,
  datasets: DatasetLoaders,
): Promise<Sources> {
  const { source, columns } = data;
  if (typeof source === "string") {
    const load = Object.hasOwn(datasets, source) ? datasets[source] : undefined;
    if (load !== undefined) return await namedDataset(source, load, columns);
  }
  const byRole = typeof source === "string" ? { train: source } : source;
  if (byRole.train === undefined && byRole.unlabeled === undefined) {
    throw new LimbeckError(
      "E_RECIPE",
      "Expected data.source to name train or unlabeled, got neither. Name texts to learn from, as in source: { train: texts.csv }.",
    );
  }
  const files: Sources["files"] = { train: [], unlabeled: [], validation: [], test: [] };
  for (const role of ROLES) {
    const named = byRole[role] ?? [];
    for (const pattern of typeof named === "string" ? [named] : named) {
      files[role].push(...(await findFiles(pattern, recipeFolder, Object.keys(datasets))));
    }
  }
  return { dataset: null, columns, files };
}

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
export async function hashSources(sources: Sources): Promise<Record<Role, { name: string; sha256: string }[]>> {
  const hashes: Record<Role, { name: string; sha256: string }[]> = { train: [], unlabeled: [], validation: [], test: [] };
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
