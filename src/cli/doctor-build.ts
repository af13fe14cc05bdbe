import { createInterface } from "node:readline/promises";
import { LimbeckError } from "../errors.ts";
import { onInterrupt } from "../platform/signals.ts";
import { formatCommand, formatPlan } from "./doctor-plan.ts";
import { Stopped } from "./failure.ts";

export interface BuildCommandOptions {
  gpu?: boolean;
  yes?: boolean;
}

/** @throws LimbeckError `E_USAGE` where nobody is there to be asked. */
async function ask(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new LimbeckError(
      "E_USAGE",
      "Expected a terminal to ask whether to go on, got none. Give --yes to have it done without being asked.",
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question("Go on? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}

/** `limbeck doctor --build-tfjs-node`: shows what it will do, asks, and does it. */
export async function buildTfjsNode(options: BuildCommandOptions): Promise<void> {
  const { findBuildFacts } = await import("../doctor/build-facts.ts");
  const { planBuild } = await import("../doctor/build-plan.ts");
  const facts = await findBuildFacts(options.gpu === true, {
    platform: process.platform,
    architecture: process.arch,
    executable: process.execPath,
    version: process.versions.node,
  });
  const plan = planBuild(facts);
  process.stdout.write(`${formatPlan(plan)}\n\n`);
  if (options.yes !== true && !(await ask())) {
    process.stdout.write("Nothing was done.\n");
    return;
  }
  const { buildBinding } = await import("../doctor/build.ts");
  const interrupt = onInterrupt(() => {
    process.stderr.write("Stopping: what was begun is being removed.\n");
  });
  let step = 0;
  const report = (title: string): void => {
    step += 1;
    process.stdout.write(`${step}/${plan.steps.length + 1} ${title}\n`);
  };
  try {
    const { signal } = interrupt;
    const built = await buildBinding(plan, { show: formatCommand, report, signal });
    process.stdout.write(`${built}\n`);
  } catch (thrown) {
    const exitCode = interrupt.exitCode();
    throw exitCode === null ? thrown : new Stopped(thrown, exitCode);
  } finally {
    interrupt.dispose();
  }
}
