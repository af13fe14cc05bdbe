import { mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LimbeckError } from "./errors.ts";
import type { QueueOptions } from "./fleet/label-on-queue.ts";
import { openConsent, type Consent } from "./labelling/consent.ts";
import { digestOf } from "./platform/digest.ts";
import { explainFileError, readJson, writeFileAtomic } from "./platform/files.ts";
import { acquireLock } from "./platform/lock.ts";
import { resolvedYaml } from "./recipe/resolved.ts";
import type { Recipe } from "./recipe/schema.ts";
import { recordStage } from "./run-record.ts";
import {
  findChangedFile,
  findManifest,
  hashStageFiles,
  manifestPath,
  writeManifest,
} from "./stages/manifest.ts";
import type { Stage, StageContext } from "./stages/stage.ts";
import { STAGES, type OutlayPlan, type Report, type StageName } from "./types.ts";

export interface RunOptions {
  /** Folder that the recipe's relative paths start from; null: the working directory. */
  recipeFolder: string | null;
  /** The run's folder. Default: `runs/<name>` in the working directory. */
  out?: string;
  /** Redo this stage and all after it, whatever is there. */
  from?: StageName;
  /** Stop after this stage. */
  until?: StageName;
  /** Ends the run at the next point from which it can go on. */
  signal?: AbortSignal;
  report?: Report;
  /** The label store, shared by all runs. Default: `.limbeck/labels` in the working directory. */
  labelsFolder?: string;
  /** Whether a teacher's model that is not there may be downloaded. Default: no. */
  download?: boolean;
  /** Has the texts labelled by workers on any number of machines: `limbeck worker`, or {@link work}. */
  queue?: QueueOptions | undefined;
  /** Agrees beforehand that a teacher sends texts to another machine and spends money. Default: no. */
  yes?: boolean;
  /** Asked before anything is sent to another machine, where `yes` is not given. Default: nothing is sent. */
  consent?: Consent;
  /** Whether texts that the teacher had no usable answer for are asked about again; the label stage is redone then. */
  retrySetAside?: boolean;
  /** Goes as far as labelling, says what that would send and cost, and sends nothing. */
  dryRun?: boolean;
}

export interface StageResult {
  stage: StageName;
  skipped: boolean;
  seconds: number;
  /** Why it was skipped, or what it did. */
  reason: string;
}

export interface RunResult {
  /** The run's folder, absolute. */
  folder: string;
  stages: StageResult[];
  /** `report/report.json`, where the report stage has been reached. */
  report: unknown;
  /** What a dry run has found; null where nothing would be sent or paid. */
  plan?: OutlayPlan | null;
}

const loaders: Readonly<Record<StageName, () => Promise<Stage>>> = {
  prepare: async () => (await import("./stages/prepare.ts")).prepare,
  label: async () => (await import("./stages/label.ts")).label,
  train: async () => (await import("./stages/train.ts")).train,
  evaluate: async () => (await import("./stages/evaluate.ts")).evaluate,
  export: async () => (await import("./stages/export.ts")).exportStage,
  report: async () => (await import("./stages/report.ts")).report,
};

/**
 * Runs a recipe's stages in order. A stage whose inputs have not changed since it was completed is skipped; one that
 * was interrupted goes on where it stopped.
 *
 * @throws LimbeckError whatever the user can mend; `E_ABORTED` after `signal`, `E_LOCKED` when somebody else runs there.
 */
export async function run(recipe: Recipe, options: RunOptions): Promise<RunResult> {
  const context = contextOf(recipe, options);
  const folder = context.run;
  const created = await makeFolder(folder);
  const lock = await acquireLock(folder, `limbeck run ${recipe.name}`);
  try {
    if (options.dryRun === true) return { folder, ...(await planStages(context, options)) };
    return { folder, stages: await runStages(context, options), report: await readReport(folder) };
  } catch (thrown) {
    throw explainFileError(thrown, folder);
  } finally {
    await lock.release();
    if (created) await rmdir(folder).catch(() => undefined); // only where it has stayed empty
  }
}

/** What the stages of a run are given. */
export function contextOf(recipe: Recipe, options: RunOptions): StageContext {
  const report = options.report ?? (() => undefined);
  return {
    recipe,
    recipeFolder: options.recipeFolder,
    run: resolve(options.out ?? join("runs", recipe.name)),
    labelsFolder: resolve(options.labelsFolder ?? join(".limbeck", "labels")),
    download: options.download ?? false,
    queue: options.queue,
    signal: options.signal ?? new AbortController().signal,
    agree: openConsent({ yes: options.yes, consent: options.consent, report }),
    retrySetAside: options.retrySetAside ?? false,
    report,
  };
}

/** Digest of everything that a stage's output depends on. */
export async function digestOfStage(stage: Stage, context: StageContext): Promise<string> {
  const { name, version } = stage;
  return digestOf({ stage: name, version, inputs: await stage.inputs(context) });
}

/** Position of the first stage that is redone whatever is there. */
function firstRedone({ from, retrySetAside }: RunOptions): number {
  const label = retrySetAside === true ? STAGES.indexOf("label") : STAGES.length;
  return from === undefined ? label : Math.min(label, STAGES.indexOf(from));
}

/** Prepares the texts and finds out what labelling them would send and cost. */
async function planStages(
  context: StageContext,
  options: RunOptions,
): Promise<Omit<RunResult, "folder">> {
  const stages = await runStages(context, { ...options, until: "prepare" });
  const stage = await loaders.label();
  const unchanged =
    firstRedone(options) > STAGES.indexOf(stage.name) &&
    (await reasonToRun(context.run, stage.name, await digestOfStage(stage, context))) === null;
  return { stages, report: null, plan: unchanged ? null : ((await stage.plan?.(context)) ?? null) };
}

async function runStages(context: StageContext, options: RunOptions): Promise<StageResult[]> {
  const results: StageResult[] = [];
  const first = firstRedone(options);
  const last = options.until === undefined ? STAGES.length - 1 : STAGES.indexOf(options.until);
  for (const [position, name] of STAGES.slice(0, last + 1).entries()) {
    const stage = await loaders[name]();
    results.push(await runStage(stage, context, position >= first));
  }
  return results;
}

async function runStage(stage: Stage, context: StageContext, redo: boolean): Promise<StageResult> {
  throwIfAborted(context, stage.name);
  const digest = await digestOfStage(stage, context);
  const reason = redo
    ? "asked for with --from"
    : await reasonToRun(context.run, stage.name, digest);
  if (reason === null) {
    const message =
      "unchanged since it was completed: recipe, files and earlier stages are the same";
    context.report({ kind: "stage-skip", stage: stage.name, message });
    return { stage: stage.name, skipped: true, seconds: 0, reason: message };
  }
  const started = performance.now();
  context.report({
    kind: "stage-start",
    stage: stage.name,
    message: withReason(stage.describe(context), reason),
  });
  await rm(manifestPath(context.run, stage.name), { force: true });
  if (stage.resumes !== true || redo)
    await rm(join(context.run, stage.name), { recursive: true, force: true });
  const { details, summary } = await runGuarded(stage, context);
  const seconds = (performance.now() - started) / 1000;
  const manifest = {
    schema: "limbeck.stage/1" as const,
    stage: stage.name,
    digest,
    finishedAt: new Date().toISOString(),
    seconds,
    files: await hashStageFiles(context.run, stage.name),
    details,
  };
  await writeManifest(context.run, manifest);
  await recordStage(context, manifest);
  context.report({ kind: "stage-end", stage: stage.name, seconds, message: summary });
  return { stage: stage.name, skipped: false, seconds, reason: summary };
}

/** Runs the stage; what cannot be resumed does not stay half-written. */
async function runGuarded(stage: Stage, context: StageContext): ReturnType<Stage["run"]> {
  const folder = join(context.run, stage.name);
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(context.run, "recipe.yaml"), resolvedYaml(context.recipe));
    return await stage.run(context);
  } catch (thrown) {
    if (stage.resumes !== true)
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    if (stage.name === STAGES[0])
      await rm(join(context.run, "recipe.yaml"), { force: true }).catch(() => undefined);
    throwIfAborted(context, stage.name, thrown);
    throw explainFileError(thrown, folder);
  }
}

/** Why the stage must run, or null where it is complete and nothing that it depends on has changed. */
async function reasonToRun(run: string, stage: StageName, digest: string): Promise<string | null> {
  const manifest = await findManifest(run, stage);
  if (manifest === null) return "";
  if (manifest.digest !== digest) return "its inputs have changed since the last run";
  const changed = await findChangedFile(run, manifest);
  return changed === null ? null : `${changed} is missing or has been changed`;
}

function withReason(description: string, reason: string): string {
  return reason === "" ? description : `${description} (${reason})`;
}

function throwIfAborted(context: StageContext, stage: StageName, cause?: unknown): void {
  if (!context.signal.aborted) return;
  throw new LimbeckError(
    "E_ABORTED",
    `Stopped in stage ${stage}; what is finished is saved in ${context.run}. The same command goes on from here.`,
    { cause },
  );
}

/** Makes the run's folder. Returns whether it was not there before. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    const before = await readdir(folder).catch(() => null);
    await mkdir(folder, { recursive: true });
    return before === null;
  } catch (thrown) {
    throw explainFileError(thrown, folder);
  }
}

async function readReport(folder: string): Promise<unknown> {
  return await readJson(join(folder, "report", "report.json"));
}
