import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import type { HubSettings } from "../../src/platform/hub-settings.ts";
import type { TeacherPlace } from "../../src/types.ts";
import { resolveModel, type ResolvedModel } from "../../teachers/transformers/hub/resolve-model.ts";
import { onnxFiles } from "../../teachers/transformers/hub/wanted-files.ts";
import { placeOf } from "./helpers.ts";
import { COMMIT, HubServer, smallFiles } from "./hub-server.ts";

export const NAME = "some-org/some.model";
export let hub: HubServer;
export let modelsFolder: string;
/** A hub and a folder for models, new for each test of the file that imports this. */
beforeEach(async () => {
  hub = await new HubServer().start();
  modelsFolder = await mkdtemp(join(tmpdir(), "limbeck-hub-"));
});
afterEach(async () => {
  await hub.stop();
  await rm(modelsFolder, { recursive: true });
});

export const snapshot = () => join(modelsFolder, "some-org--some.model", COMMIT);

function settingsOf(changes: Partial<HubSettings> = {}): HubSettings {
  const { endpoint } = hub;
  return {
    endpoint,
    token: null,
    offline: false,
    retryMilliseconds: 1,
    idleMilliseconds: 10_000,
    ...changes,
  };
}

interface Changes {
  model?: string;
  place?: Partial<TeacherPlace>;
  settings?: Partial<HubSettings>;
  download?: boolean;
  files?: ReturnType<typeof onnxFiles>;
}

export function resolve({
  model,
  place,
  settings,
  download,
  files,
}: Changes = {}): Promise<ResolvedModel> {
  return resolveModel({
    model: model ?? NAME,
    place: { ...placeOf(), modelsFolder, download: true, ...place },
    files: files ?? onnxFiles("q8"),
    settings: settingsOf(settings),
    ...(download === undefined ? {} : { download }),
  });
}

export async function errorOf(changes: Changes = {}): Promise<{ code: string; message: string }> {
  const thrown = await resolve(changes).then(
    () => null,
    (reason: unknown) => reason as { code: string; message: string },
  );
  if (thrown === null) throw new Error("Expected an error, got a model.");
  return thrown;
}

export async function expectWhole(path: string): Promise<void> {
  for (const [file, bytes] of smallFiles())
    expect((await readFile(join(path, file))).equals(bytes), file).toBe(true);
  const left = await readdir(modelsFolder, { recursive: true });
  expect(left.filter((name) => /\.(part|tmp|lock)$/.test(name))).toEqual([]);
}
