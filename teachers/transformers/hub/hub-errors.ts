import { LimbeckError } from "../../../src/errors.ts";
import type { HubSettings } from "../../../src/platform/hub-settings.ts";
import type { HubId } from "./hub-id.ts";

const OTHERWISE = "or give teacher.model the path of a folder";

function hubError(expected: string, got: string, fix: string, cause?: unknown): LimbeckError {
  return new LimbeckError("E_TEACHER", `Expected ${expected}, got ${got}. ${fix}`, { cause });
}

/** A model that is not there and may not be downloaded. */
export function notDownloaded(
  model: string,
  settings: Pick<HubSettings, "endpoint" | "offline">,
): LimbeckError {
  const fix = settings.offline
    ? "The environment variable HF_HUB_OFFLINE forbids to download it: unset it, "
    : `Give --download (or teacher.download: true in the recipe) to fetch the model ${model} from ${settings.endpoint}, `;
  return hubError(
    `the teacher's model ${model} to be a folder or a model that was downloaded before`,
    "neither",
    `${fix}${OTHERWISE}.`,
  );
}

export function noAnswer(
  { name }: HubId,
  { endpoint }: HubSettings,
  reason: string,
  cause: unknown,
): LimbeckError {
  return hubError(
    `${endpoint} to answer for the model ${name}`,
    reason,
    "Check the network and HF_ENDPOINT, and give the same command again: what has come is kept.",
    cause,
  );
}

/** @param code - the header `X-Error-Code` */
export function refused(
  id: HubId,
  { endpoint, token }: HubSettings,
  { status, code, what }: { status: number; code: string | null; what: string },
): LimbeckError {
  const page = `${endpoint}/${id.name}`;
  if (status === 401 || status === 403) {
    // The hub answers 401 for models that do not exist as well, so that private ones stay unknown.
    const doubt =
      code === "GatedRepo" ? "it asks to accept its terms" : "it is gated, private or not there";
    const fix =
      token === null
        ? `Accept its terms at ${page} and set HF_TOKEN to your token in the environment`
        : `The token in HF_TOKEN may not read it: accept its terms at ${page}, use another token`;
    return hubError(
      `${what} to be open`,
      `status ${status}: ${doubt}`,
      `${fix}, or mend the name.`,
    );
  }
  if (status === 404 && code === "RevisionNotFound") {
    return hubError(
      `${what} to have the revision ${id.revision}`,
      "none of that name",
      `Look at ${page} for its branches, tags and commits.`,
    );
  }
  if (status === 404) {
    const got =
      code === "EntryNotFound" ? "no such file" : `no such model or revision ${id.revision}`;
    return hubError(`${what} at ${endpoint}`, got, `Mend the name, ${OTHERWISE}.`);
  }
  return hubError(
    `${what} from ${endpoint}`,
    `status ${status}`,
    "Check the name and HF_ENDPOINT.",
  );
}

export function notTheProtocol({ name }: HubId, { endpoint }: HubSettings): LimbeckError {
  return hubError(
    `${endpoint} to list the files of ${name} as the hub's protocol has it`,
    "another answer",
    "Check HF_ENDPOINT.",
  );
}

/** What came is not what the hub says that the file is. */
export function wrongContent(
  name: string,
  file: string,
  expected: string,
  got: string,
): LimbeckError {
  return hubError(
    `${expected} of ${file} of the model ${name}`,
    got,
    "It was deleted. Give the same command again; if that does not help, what stands between here and the hub changes files.",
  );
}

export function lacksFile(name: string, commit: string, lack: string): LimbeckError {
  return new LimbeckError(
    "E_TEACHER",
    `The model ${name}@${commit.slice(0, 12)} does not fit. ${lack}`,
  );
}
