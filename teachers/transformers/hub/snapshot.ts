import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic, writeJson } from "../../../src/platform/files.ts";
import { isCommit, type HubId } from "./hub-id.ts";
import { parseListing, type ListedFile, type Listing } from "./listing.ts";

/**
 * Where a downloaded model lies: `<modelsFolder>/<org>--<name>/` with `refs/<revision>`, which holds the commit that a
 * branch or a tag was at when it was first asked for, `<commit>.json`, the listing, and the folder `<commit>/`. A file
 * there is whole and checked: it was renamed to its name after that.
 */
export class Snapshots {
  readonly folder: string;
  private readonly id: HubId;

  constructor(modelsFolder: string, id: HubId) {
    this.folder = join(modelsFolder, id.name.replace("/", "--"));
    this.id = id;
  }

  pathOf(commit: string): string {
    return join(this.folder, commit);
  }

  /** The commit of the revision, and what it has; null where it was never asked for. */
  async find(): Promise<Listing | null> {
    const { revision } = this.id;
    const commit = isCommit(revision) ? revision : await readText(this.refPath(revision));
    if (commit === null || !isCommit(commit.trim())) return null;
    const listing = await readText(join(this.folder, `${commit.trim()}.json`));
    return listing === null ? null : parseListing(parseJson(listing));
  }

  /** Keeps what the hub has said; the listing first, so that a revision never leads to nothing. */
  async keep(listing: Listing): Promise<void> {
    await writeJson(join(this.folder, `${listing.commit}.json`), listing);
    const { revision } = this.id;
    if (!isCommit(revision)) await writeFileAtomic(this.refPath(revision), `${listing.commit}\n`);
  }

  /** Those of the files that are not there as a whole. */
  async missing(listing: Listing, wanted: readonly string[]): Promise<ListedFile[]> {
    const files = listing.files.filter(({ path }) => wanted.includes(path));
    const folder = this.pathOf(listing.commit);
    const present = await Promise.all(files.map((file) => isThere(join(folder, file.path), file)));
    return files.filter((_, at) => present[at] === false);
  }

  /** A branch may have slashes in its name. */
  private refPath(revision: string): string {
    return join(this.folder, "refs", encodeURIComponent(revision));
  }
}

async function isThere(path: string, { bytes }: ListedFile): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && found.isFile() && (bytes === null || found.size === bytes);
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
