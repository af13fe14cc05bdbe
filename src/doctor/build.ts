import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LimbeckError } from "../errors.ts";
import type { BuildPlan, BuildStep } from "./build-plan.ts";
import { runOrFail } from "./commands.ts";
import { runWorker } from "../platform/worker.ts";

export interface BuildOptions {
  /** How a command is shown in errors. */
  show: (step: BuildStep) => string;
  /** Called as each step starts. */
  report?: (title: string) => void;
  signal?: AbortSignal;
}

/** How long the new binding may take to multiply two matrices. */
const PROOF_MS = 120_000;

/**
 * Builds the binding beside the present one, has it multiply two matrices, and only then puts it in its place, by one
 * rename. Whatever fails or interrupts it, the present binding stays, and what was begun is removed.
 *
 * @returns a sentence about what was built.
 * @throws LimbeckError `E_DEVICE` naming the command that failed, with its last lines; `E_ABORTED` after an abort.
 */
export async function buildBinding(plan: BuildPlan, options: BuildOptions): Promise<string> {
  const { libraries, unproven, binding } = plan;
  const { show, report = () => undefined, signal } = options;
  await mkdir(plan.cacheFolder, { recursive: true });
  await mkdir(dirname(binding), { recursive: true });
  let built: string;
  try {
    let wheel = plan.requirement;
    for (const step of plan.steps) {
      report(step.title);
      const output = await runOrFail(step.command, show(step), signal);
      // The step that unpacks says what, in its last line.
      wheel = /^tensorflow\S*\.whl$/.exec(output.trimEnd().split("\n").at(-1) ?? "")?.[0] ?? wheel;
    }
    report("multiply two matrices with it");
    const { gpu } = await prove(plan, signal);
    await rm(join(libraries, "tensorflow", "include"), { recursive: true, force: true });
    await rename(unproven, binding);
    const device = plan.gpu ? (gpu ? ", with a GPU" : ", but it finds no GPU") : "";
    built = `Built ${binding} against ${wheel}${device}.`;
  } catch (thrown) {
    await rm(unproven, { force: true });
    await rm(libraries, { recursive: true, force: true });
    throw thrown;
  }
  await removeOthers(plan);
  return built;
}

/** @throws LimbeckError `E_DEVICE` if the new binding cannot be loaded or computes something else. */
async function prove(plan: BuildPlan, signal?: AbortSignal): Promise<{ gpu: boolean }> {
  const name = plan.gpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node";
  const ended = await runWorker<{ product: number[]; gpu: boolean }>({
    base: import.meta.url,
    path: "./prove-binding-worker",
    parameters: [plan.packageFolder, plan.unproven, name],
    limitMs: PROOF_MS,
    ...(signal && { signal }),
  });
  if (signal?.aborted === true) {
    throw new LimbeckError("E_ABORTED", "Stopped. Whatever was built before is as it was.");
  }
  // [[1, 2], [3, 4]] times itself.
  if (ended.result?.product.join() === "7,10,15,22") return ended.result;
  const got = ended.result ? ended.result.product.join(" ") : ended.problem;
  throw new LimbeckError(
    "E_DEVICE",
    `Expected the new binding to multiply two matrices, got ${got}. It was removed again; whatever was built before is as it was.`,
  );
}

/** Libraries of earlier builds, which nothing uses any more. */
async function removeOthers({ libraries }: BuildPlan): Promise<void> {
  const folder = dirname(libraries);
  for (const name of existsSync(folder) ? await readdir(folder) : []) {
    const path = join(folder, name);
    if (/^tensorflow-\d+$/.test(name) && path !== libraries) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
