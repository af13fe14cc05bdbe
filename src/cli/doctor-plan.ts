import type { BuildPlan, BuildStep } from "../doctor/build-plan.ts";
import { quoteForShell, shortPath } from "./results.ts";

/** A step's command as the user could type it. */
export function formatCommand({ command }: BuildStep): string {
  const { program, words, folder } = command;
  const line = [program, ...words].map(quoteForShell).join(" ");
  return folder === undefined ? line : `cd ${quoteForShell(folder)} && ${line}`;
}

/** Sizes of TensorFlow 2.21 (July 2026) for x64; others are of the same order. */
const SIZES = {
  cpu: { download: "about 270 MB", disk: "850 MB" },
  gpu: { download: "some GB, NVIDIA's libraries among them", disk: "some GB" },
};

/** Exactly what a build will do, before it is asked for. */
export function formatPlan(plan: BuildPlan): string {
  const { download, disk } = SIZES[plan.gpu ? "gpu" : "cpu"];
  return [
    `This builds the binding of ${shortPath(plan.packageFolder)} against the newest TensorFlow that pip finds.`,
    "",
    `downloads  ${plan.requirement}, ${download}, from the package index that pip is set to`,
    `keeps      the download and a Python environment in ${shortPath(plan.cacheFolder)}`,
    `writes     ${shortPath(plan.libraries)} (${disk}) and, at the end, ${shortPath(plan.binding)}`,
    "",
    ...plan.steps.flatMap((step, index) => [
      `${index + 1}. ${step.title}`,
      ...formatCommand(step)
        .split("\n")
        .map((line) => `   ${line}`),
    ]),
    `${plan.steps.length + 1}. multiply two matrices with ${shortPath(plan.unproven)}; if that is right, rename it to ${shortPath(plan.binding)}`,
    "",
    "The present binding stays in place until then, and if anything fails.",
  ].join("\n");
}
