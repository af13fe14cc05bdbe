import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LimbeckError } from "../../../src/errors.ts";
import type { HubSettings } from "../../../src/platform/hub-settings.ts";
import { acquireLock, type Lock } from "../../../src/platform/lock.ts";
import type { Report, TeacherPlace } from "../../../src/types.ts";
import { downloadFile } from "./download-file.ts";
import { HubClient } from "./hub-client.ts";
import type { HubId } from "./hub-id.ts";
import type { ListedFile, Listing } from "./listing.ts";
import { stoppedError } from "./retry.ts";
import type { Snapshots } from "./snapshot.ts";

export interface ModelDownload {
  id: HubId;
  snapshots: Snapshots;
  /** Paths of the files to have. */
  choose: (listing: Listing) => readonly string[];
  settings: HubSettings;
  place: TeacherPlace;
}

const POLL_MILLISECONDS = 250;
/** Another process that has written nothing for so long is not waited for any more. */
const PATIENCE_MILLISECONDS = 120_000;

/** Downloads what is missing of a model; another process that does so is waited for, and its files are used. */
export async function downloadModel(download: ModelDownload): Promise<Listing> {
  const { id, snapshots, choose, settings, place } = download;
  const signal = place.signal ?? new AbortController().signal;
  const lock = await waitForLock(snapshots.folder, id, signal, place.report);
  try {
    const client = new HubClient(id, settings, signal);
    const known = await snapshots.find();
    const listing = known ?? (await client.list());
    const wanted = choose(listing);
    // Kept only now: a model that lacks a file is asked for anew the next time.
    if (known === null) await snapshots.keep(listing);
    await fetchFiles(client, listing, await snapshots.missing(listing, wanted), download);
    return listing;
  } finally {
    await lock.release();
  }
}

async function fetchFiles(
  client: HubClient,
  { name, commit }: Listing,
  files: readonly ListedFile[],
  { snapshots, settings, place }: ModelDownload,
): Promise<void> {
  if (files.length === 0) return;
  const folder = snapshots.pathOf(commit);
  const total = files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
  place.report?.({
    kind: "note",
    stage: "label",
    message: `downloading ${name}@${commit.slice(0, 12)} from ${settings.endpoint}: ${files.length} files, ${megabytes(total)} MB, kept in ${folder}`,
  });
  let before = 0;
  let shown = 0;
  for (const file of files) {
    const progress = (bytes: number) => {
      const done = megabytes(before + bytes);
      if (done === shown) return;
      shown = done;
      const task = `downloading ${name}`;
      place.report?.({
        kind: "progress",
        stage: "label",
        task,
        done,
        total: Math.max(done, megabytes(total)),
        unit: "MB",
      });
    };
    await downloadFile({ client, commit, file, folder, progress });
    before += file.bytes ?? 0;
  }
}

/** @throws LimbeckError `E_LOCKED` where another process holds the model and nothing comes any more. */
async function waitForLock(
  folder: string,
  { name }: HubId,
  signal: AbortSignal,
  report: Report | undefined,
): Promise<Lock> {
  let seen = "";
  let since = performance.now();
  let told = false;
  for (;;) {
    try {
      return await acquireLock(folder, `downloading ${name}`);
    } catch (thrown) {
      if (!(thrown instanceof LimbeckError) || thrown.code !== "E_LOCKED") throw thrown;
      const now = await sizesIn(folder);
      if (now !== seen) since = performance.now();
      seen = now;
      if (performance.now() - since > PATIENCE_MILLISECONDS) throw thrown;
    }
    if (!told) {
      const message = `another process is downloading ${name}: waiting for it`;
      report?.({ kind: "note", stage: "label", message });
      told = true;
    }
    await wait(POLL_MILLISECONDS, undefined, { signal }).catch((reason: unknown) => {
      throw stoppedError(reason);
    });
  }
}

/** What lies in a folder and how large it is, to see whether somebody still writes there. */
async function sizesIn(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.sort().map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => null);
      return `${name}:${found?.size ?? 0}`;
    }),
  );
  return sizes.join("\n");
}
