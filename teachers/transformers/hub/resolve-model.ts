import { stat } from "node:fs/promises";
import { readHubSettings, type HubSettings } from "../../../src/platform/hub-settings.ts";
import type { TeacherPlace } from "../../../src/types.ts";
import { downloadModel } from "./download-model.ts";
import { lacksFile, notDownloaded } from "./hub-errors.ts";
import { parseHubId, type HubId } from "./hub-id.ts";
import type { Listing } from "./listing.ts";
import { Snapshots } from "./snapshot.ts";
import type { ChooseFiles } from "./wanted-files.ts";

export interface ResolveModelOptions {
  /** A folder, or `org/name` or `org/name@revision` on the hub. */
  model: string;
  place: TeacherPlace;
  /** Which of a model's files are needed: {@link onnxFiles}, {@link safetensorsFiles}. */
  files: ChooseFiles;
  /** The recipe's own permission to download, beside the place's. */
  download?: boolean;
  /** Default: of the environment. */
  settings?: HubSettings;
}

export interface ResolvedModel {
  /** The model's folder. */
  path: string;
  /** `org/name@commit` of a model of the hub, null of a folder. */
  source: string | null;
}

/**
 * The folder of a model, downloaded where it is not there and that is allowed. A folder of that path goes before a model
 * of that name. A branch or tag stays at the commit where it was when it was first downloaded, with the network or
 * without it, so that the same recipe gives the same labels.
 *
 * transformers.js could download by itself, but it checks no hash, keeps half a file after a kill, and knows a branch
 * only by its name: what it finds in its cache tomorrow may be of another commit than what the labels were made with.
 *
 * @throws LimbeckError `E_TEACHER` where it is not there and may not or cannot be had, `E_DISK`, `E_ABORTED`.
 */
export async function resolveModel(options: ResolveModelOptions): Promise<ResolvedModel> {
  const { model, place, files } = options;
  const path = place.resolve(model);
  const id = parseHubId(model);
  // What is neither goes on as a folder: whoever opens it says what is wrong there.
  if (id === null || (await isThere(path))) return { path, source: null };
  const snapshots = new Snapshots(place.modelsFolder, id);
  const known = await snapshots.find();
  if (known !== null) {
    const wanted = chooseFiles(id, known, files);
    if ((await snapshots.missing(known, wanted)).length === 0) return describe(snapshots, known);
  }
  const settings = options.settings ?? readHubSettings();
  const allowed = (place.download || options.download === true) && !settings.offline;
  if (!allowed) throw notDownloaded(model, settings);
  const choose = (listing: Listing) => chooseFiles(id, listing, files);
  return describe(snapshots, await downloadModel({ id, snapshots, choose, settings, place }));
}

function describe(snapshots: Snapshots, { name, commit }: Listing): ResolvedModel {
  return { path: snapshots.pathOf(commit), source: `${name}@${commit}` };
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

/** @throws LimbeckError `E_TEACHER` naming what the model lacks, and what it has. */
function chooseFiles({ name }: HubId, listing: Listing, files: ChooseFiles): readonly string[] {
  const chosen = files(listing.files.map(({ path }) => path));
  if ("lack" in chosen) throw lacksFile(name, listing.commit, chosen.lack);
  return chosen;
}
