import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { readParquetFooter } from "../formats/parquet-footer.ts";
import { readDescription } from "./description.ts";
import { listStores, type ListedStore } from "./open-store.ts";
import { findLabelledRuns, usersOf } from "./references.ts";
import { listShards } from "./shard-files.ts";

/** A label store at a glance: nothing but names, sizes and the shards' last bytes are read. */
export interface StoreSurvey {
  digest: string;
  root: string;
  /** The teacher's kind; `encoder` for vectors. Null where teacher.json cannot be read. */
  kind: string | null;
  holds: "logits" | "vectors" | null;
  /** Classes, or numbers of a vector. */
  width: number | null;
  /** Rows in all shards; a text that is in two counts twice until they are merged. */
  texts: number;
  shards: number;
  /** Those of them that hold so few rows that they are worth merging. */
  smallShards: number;
  /** Of everything in the folder. */
  bytes: number;
  /** When a shard was last written, ISO 8601. */
  written: string | null;
  /** Names of the runs that use it. */
  runs: string[];
  /** What is wrong with it at first sight, in words. */
  problems: string[];
}

/** Shards of fewer rows are merged. */
const SMALL_ROWS = 16_384;

interface FolderFile {
  /** From the store's folder. */
  path: string;
  bytes: number;
  modified: number;
}

/** Every file below a folder; those that vanish meanwhile are left out. */
export async function listFiles(root: string): Promise<FolderFile[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files: FolderFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await stat(path).catch(() => null);
    if (found !== null)
      files.push({
        path: path.slice(root.length + 1),
        bytes: found.size,
        modified: found.mtimeMs,
      });
  }
  return files;
}

async function describe(root: string, digest: string) {
  const nothing = { kind: null, holds: null, width: null, description: null };
  try {
    const present = await readDescription(root);
    if (present === null) return { ...nothing, problems: ["no teacher.json"] };
    const { description } = present;
    const { kind, labels, size } = description;
    const logits = Array.isArray(labels);
    return {
      kind: typeof kind === "string" ? kind : null,
      holds: logits ? ("logits" as const) : ("vectors" as const),
      width: logits ? labels.length : typeof size === "number" ? size : null,
      description,
      problems:
        present.digest === digest ? [] : ["teacher.json does not have the digest of the folder"],
    };
  } catch (thrown) {
    return { ...nothing, problems: [messageOf(thrown)] };
  }
}

async function surveyStore({ root, digest }: ListedStore) {
  const { description, problems, ...about } = await describe(root, digest);
  const files = await listFiles(root);
  const shards = await listShards(root);
  let texts = 0;
  let unreadable = 0;
  let smallShards = 0;
  for (const name of shards) {
    const footer = await readParquetFooter(join(root, name)).catch(() => null);
    if (footer === null) unreadable += 1;
    else {
      texts += footer.rows;
      if (footer.rows < SMALL_ROWS) smallShards += 1;
    }
  }
  const names = new Set(shards);
  const times = files.flatMap(({ path, modified }) => (names.has(path) ? [modified] : []));
  const damaged = files.filter(({ path }) => /^damaged[/\\]/.test(path)).length + unreadable;
  const survey: StoreSurvey = {
    ...{ digest, root, ...about, texts },
    shards: shards.length,
    smallShards,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    written: times.length === 0 ? null : new Date(Math.max(...times)).toISOString(),
    runs: [],
    problems: [
      ...problems,
      ...(damaged === 0 ? [] : [`${damaged} damaged ${damaged === 1 ? "shard" : "shards"}`]),
    ],
  };
  return { survey, description };
}

/**
 * Every label store of a folder, the one written to last first.
 *
 * @param runsFolder - where runs that use them are looked for
 */
export async function surveyStores(
  labelsFolder: string,
  runsFolder: string,
): Promise<StoreSurvey[]> {
  const described = [];
  for (const store of await listStores(labelsFolder)) described.push(await surveyStore(store));
  const descriptions = new Map(
    described.map(({ survey, description }) => [survey.digest, description as unknown]),
  );
  const users = usersOf(descriptions, await findLabelledRuns(runsFolder));
  return described
    .map(({ survey }) => ({ ...survey, runs: users.get(survey.digest) ?? [] }))
    .sort((a, b) => ((a.written ?? "") < (b.written ?? "") ? 1 : -1));
}
