import { join } from "node:path";
import { digestOf } from "./platform/digest.ts";
import { describeEnvironment, type Environment } from "./platform/environment.ts";
import { readJson, writeJson } from "./platform/files.ts";
import type { StageContext } from "./stages/stage.ts";
import type { StageManifest, StageName } from "./types.ts";

/** `run.json`: under what circumstances a run's stages were completed. */
export interface RunRecord {
  schema: "limbeck.run/1";
  name: string;
  recipe: string;
  seeds: number[];
  environment: Environment;
  stages: Partial<Record<StageName, { digest: string; finishedAt: string; seconds: number }>>;
}

/** Enters a completed stage into `run.json`. */
export async function recordStage(context: StageContext, manifest: StageManifest): Promise<void> {
  const path = join(context.run, "run.json");
  const before = await readJson<RunRecord>(path);
  const record: RunRecord = {
    schema: "limbeck.run/1",
    name: context.recipe.name,
    recipe: digestOf(context.recipe),
    seeds: context.recipe.train.seeds,
    environment: describeEnvironment(),
    stages: {
      ...before?.stages,
      [manifest.stage]: {
        digest: manifest.digest,
        finishedAt: manifest.finishedAt,
        seconds: Math.round(manifest.seconds * 1000) / 1000,
      },
    },
  };
  await writeJson(path, record);
}
