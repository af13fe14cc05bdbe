import { existsSync } from "node:fs";
import { basename, isAbsolute, relative, sep } from "node:path";
import { LimbeckError } from "../errors.ts";
import { packageRoot } from "../platform/package-root.ts";
import { recipePathCandidates } from "../platform/resolve.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Dataset } from "../types.ts";
import { expandGlob, isGlob } from "./glob.ts";
import { missingFile } from "./read-errors.ts";
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

async function findFiles(
  pattern: string,
  recipeFolder: string | null,
  names: readonly string[],
): Promise<SourceFile[]> {
  const candidates = recipePathCandidates(pattern, recipeFolder);
  const bases = recipePathCandidates(".", recipeFolder);
  for (const [at, candidate] of candidates.entries()) {
    const base = bases[at] ?? "/";
    if (existsSync(candidate))
      return [{ path: candidate, file: isAbsolute(pattern) ? candidate : slashes(pattern) }];
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

async function namedDataset(
  name: string,
  load: () => Promise<Dataset>,
  columns: WantedColumns,
): Promise<Sources> {
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
    columns: {
      text: columns.text ?? dataset.columns.text,
      label: columns.label ?? dataset.columns.label,
    },
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
