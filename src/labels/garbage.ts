import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { compact } from "./compact.ts";
import { requireStore } from "./open-store.ts";
import { listFiles, surveyStores, type StoreSurvey } from "./survey.ts";

/** Something that may go. */
export interface Garbage {
  kind: "unused" | "damaged" | "temporary";
  /** Folder or file, absolute. */
  path: string;
  digest: string;
  bytes: number;
  /** In words. */
  reason: string;
}

/** Something that looks as if it might go, and stays. */
export interface Kept {
  digest: string;
  reason: string;
}

export interface GarbageReport {
  garbage: Garbage[];
  kept: Kept[];
  /** Stores whose small shards are worth merging, unless the whole store goes. */
  scattered: { root: string; digest: string; shards: number }[];
}

/** A store or temporary file that was written this recently may be in use by a run that is not complete. */
const RECENT_MILLISECONDS = 3_600_000;
/** Fewer small shards than this are not worth a rewrite. */
const SCATTERED_SHARDS = 2;
/** Files that say that answers in the store were paid for. */
const PAID = /^(journal|spent)/;

export interface GarbageOptions {
  labelsFolder: string;
  runsFolder: string;
  /** Whether stores with answers that were paid for may go as well. */
  paid: boolean;
  now?: number;
}

type Files = Awaited<ReturnType<typeof listFiles>>;

/** Why an unused store stays all the same, or null where it may go. */
function reasonToKeep(files: Files, { paid, now = Date.now() }: GarbageOptions): string | null {
  const newest = Math.max(0, ...files.map(({ modified }) => modified));
  if (now - newest < RECENT_MILLISECONDS)
    return "no run uses it, but it was written to within the last hour: a run may be under way";
  if (!paid && files.some(({ path }) => PAID.test(path)))
    return "no run uses it, but its answers were paid for: --paid lets it go too";
  return null;
}

function insideGarbage({ root, digest }: StoreSurvey, files: Files, now: number): Garbage[] {
  const damaged = files.filter(({ path }) => /^damaged[/\\]/.test(path));
  const temporary = files.filter(
    ({ path, modified }) => path.endsWith(".tmp") && now - modified > RECENT_MILLISECONDS,
  );
  const bytes = damaged.reduce((sum, file) => sum + file.bytes, 0);
  const shards = `${damaged.length} ${damaged.length === 1 ? "shard" : "shards"}`;
  return [
    ...(damaged.length === 0
      ? []
      : [
          {
            ...{ kind: "damaged" as const, path: join(root, "damaged"), digest, bytes },
            reason: `${shards} that could not be read and whose texts were labelled again`,
          },
        ]),
    ...temporary.map((file) => ({
      ...{ kind: "temporary" as const, path: join(root, file.path), digest, bytes: file.bytes },
      reason: "left half-written by a process that was killed",
    })),
  ];
}

/** What the label stores could do without. Nothing is changed. */
export async function findGarbage(options: GarbageOptions): Promise<GarbageReport> {
  const { labelsFolder, runsFolder, now = Date.now() } = options;
  const report: GarbageReport = { garbage: [], kept: [], scattered: [] };
  for (const survey of await surveyStores(labelsFolder, runsFolder)) {
    const { root, digest, bytes, smallShards: shards, runs } = survey;
    const files = await listFiles(root);
    const reason = runs.length > 0 ? null : reasonToKeep(files, options);
    if (runs.length === 0 && reason === null) {
      const unused = `no run in ${runsFolder} uses it`;
      report.garbage.push({ kind: "unused", path: root, digest, bytes, reason: unused });
      continue;
    }
    if (reason !== null) report.kept.push({ digest, reason });
    report.garbage.push(...insideGarbage(survey, files, now));
    if (shards >= SCATTERED_SHARDS) report.scattered.push({ root, digest, shards });
  }
  return report;
}

/** Merges the small shards of stores. @returns how many fewer there are */
export async function mergeShards(scattered: GarbageReport["scattered"]): Promise<number> {
  let fewer = 0;
  for (const { root } of scattered) {
    const { format } = await requireStore(root);
    const { merged, written } = await compact({ root, format, least: SCATTERED_SHARDS });
    fewer += merged - written;
  }
  return fewer;
}

/** Deletes what `findGarbage` has found. @returns bytes that were freed */
export async function removeGarbage(garbage: readonly Garbage[]): Promise<number> {
  let freed = 0;
  for (const { path, bytes } of garbage) {
    if ((await stat(path).catch(() => null)) === null) continue;
    await rm(path, { recursive: true, force: true });
    freed += bytes;
  }
  return freed;
}
