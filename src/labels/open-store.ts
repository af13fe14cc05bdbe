import type { RowFormat } from "./rows.ts";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { readDescription, type Description } from "./description.ts";
import { LabelStore, type DamagedShard } from "./label-store.ts";

/** A store as its teacher.json describes it. */
export interface DescribedStore {
  description: Description;
  /** `extras` are left empty: which there are only the shards say. */
  format: RowFormat;
}

/** What the rows are, told by what teacher.json says: logits of named classes, or vectors of a size. */
function formatOf(root: string, description: Description, digest: string): RowFormat {
  const { labels, size, kind } = description;
  if (Array.isArray(labels) && labels.length > 0)
    return { digest, width: labels.length, dtype: "float32", extras: [] };
  if (kind === "encoder" && typeof size === "number")
    return { digest, width: size, dtype: "float16", extras: [] };
  throw new LimbeckError("E_STORE", `Expected class names in ${root}/teacher.json, got none.`);
}

/**
 * What a store's folder says of itself.
 *
 * @throws LimbeckError `E_STORE` when there is no store, or it does not match its name.
 */
export async function requireStore(root: string): Promise<DescribedStore> {
  const present = await readDescription(root);
  if (present === null) {
    throw new LimbeckError(
      "E_STORE",
      `Expected a label store in ${root}, got no teacher.json. Label the texts: limbeck run RECIPE --from label.`,
    );
  }
  const { description, digest } = present;
  if (digest !== basename(root)) {
    throw new LimbeckError(
      "E_STORE",
      `Expected teacher.json in ${root} to have the digest in the folder's name, got ${digest}. ` +
        "It was changed: move the folder away and label the texts again.",
    );
  }
  return { description, format: formatOf(root, description, digest) };
}

/** A store opened without its teacher. */
export interface OpenedStore {
  store: LabelStore;
  description: Description;
  /** Shards that cannot be used; they stay where they are. */
  damaged: DamagedShard[];
}

/**
 * Opens a store by its folder, to read it; nothing in it is changed.
 *
 * @throws LimbeckError `E_STORE` when there is no store, or it does not match its name.
 */
export async function openStoreAt(root: string): Promise<OpenedStore> {
  const { description, format } = await requireStore(root);
  // Which extras there are is known once the shards have been read.
  const extras: string[] = [];
  const damaged: DamagedShard[] = [];
  const store = new LabelStore(root, { ...format, extras }, (found) => {
    damaged.push(found);
    return Promise.resolve(`${found.name} is damaged (${found.reason.message}).`);
  });
  await store.refresh();
  extras.push(...store.extras);
  return { store, description, damaged };
}

/** A folder among the label stores. */
export interface ListedStore {
  root: string;
  digest: string;
}

const DIGEST = /^[0-9a-f]{64}$/;

/** The stores in a labels folder, by name; empty where there is no such folder. */
export async function listStores(labelsFolder: string): Promise<ListedStore[]> {
  const entries = await readdir(labelsFolder, { withFileTypes: true }).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw thrown;
  });
  return entries
    .filter((entry) => entry.isDirectory() && DIGEST.test(entry.name))
    .map(({ name }) => ({ root: join(labelsFolder, name), digest: name }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
