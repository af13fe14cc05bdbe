import { join, resolve } from "node:path";
import { LimbeckError, messageOf } from "../errors.ts";
import type { StoreCheck } from "../labels/check-store.ts";
import type { VerifiedLabels } from "../labelling/verify-labels.ts";
import { describeTerminal } from "../platform/terminal.ts";
import { openConsent } from "../labelling/consent.ts";
import { askConsent } from "./ask-consent.ts";
import { createReporter } from "./create-reporter.ts";
import { guarded } from "./guarded.ts";
import { count, show, storeOf, type LabelsOptions } from "./labels-options.ts";
import { createStyle, type Style } from "./style.ts";

export interface VerifyOptions extends LabelsOptions {
  recipe?: string;
  run?: string;
  sample: number;
  yes?: boolean;
}

/** What is known of a store once it was looked through. */
export interface Verified {
  digest: string;
  /** Null where its teacher.json cannot be used: `problem` says why. */
  files: StoreCheck | null;
  labels: VerifiedLabels | null;
  problem: string | null;
  passed: boolean;
}

function fileProblems({ damaged, conflicts, notFinite }: StoreCheck): string[] {
  return [
    ...damaged.map(({ name, reason }) => `${name}: ${reason}`),
    ...(conflicts === 0
      ? []
      : [`${count(conflicts, "row")} of texts that have other labels as well`]),
    ...(notFinite === 0 ? [] : [`${count(notFinite, "row")} with NaN or infinity`]),
  ];
}

function labelLines(labels: VerifiedLabels, style: Style): string[] {
  if ("skipped" in labels)
    return [style.yellow(`no text was labelled once more: ${labels.skipped}`)];
  const { exact, close, wrong, passed, unanswered } = labels.result;
  const paint = passed ? style.green : style.red;
  const percent = (part: number) => `${((100 * part) / close.texts).toFixed(1)} %`;
  return [
    ...(exact.texts === 0
      ? []
      : [
          paint(
            `${count(exact.texts, "text")} labelled once more: ${exact.same.toLocaleString("en-US")} the same to the bit`,
          ),
        ]),
    ...(close.texts === 0
      ? []
      : [
          paint(
            `${count(close.texts, "text")} that may differ in their last bits (computed elsewhere, or in other batches) labelled once more: ${percent(close.sameClass)} ` +
              `with the same likeliest class, ${percent(close.closeCosine)} with a cosine of 0.99 or more ` +
              `(least ${close.leastCosine!.toFixed(4)})`,
          ),
        ]),
    ...(unanswered === 0
      ? []
      : [style.yellow(`${count(unanswered, "text")} without an answer this time`)]),
    ...(wrong.length === 0 ? [] : [style.red(`not the same: ${wrong.join(", ")}`)]),
  ];
}

/** A store's lines: what its files are, and what labelling some texts once more has shown. */
function formatVerified({ digest, files, labels, problem }: Verified, style: Style): string[] {
  const name = digest.slice(0, 12);
  const indent = " ".repeat(name.length + 2);
  if (files === null) return [`${name}  ${style.red(problem ?? "cannot be read")}`];
  const problems = fileProblems(files);
  const { texts, shards, duplicates } = files;
  const state = problems.length === 0 ? style.green("whole") : style.red("not whole");
  return [
    `${name}  ${count(texts, "text")} in ${count(shards, "shard")}: ${state}`,
    ...problems.map((one) => indent + style.red(one)),
    ...(duplicates === 0
      ? []
      : [
          `${indent}${count(duplicates, "row")} twice, with the same labels: labels gc merges them`,
        ]),
    ...(problem === null ? [] : [indent + style.red(problem)]),
    ...(labels === null ? [] : labelLines(labels, style).map((line) => indent + line)),
  ];
}

/** The store that a recipe's run is labelled in, and what labelling its texts once more takes. */
async function openRecipe(path: string, options: VerifyOptions) {
  const { loadRecipe } = await import("../recipe/load.ts");
  const { readRecipeRun } = await import("../labelling/recipe-run.ts");
  const { recipe, folder } = await loadRecipe(path);
  const run = await readRecipeRun(recipe.name, options.run);
  if (run.label === null) {
    throw new LimbeckError(
      "E_USAGE",
      `Expected the recipe's labels in ${run.folder}, got no complete stage label. Run: npx limbeck label ${path}`,
    );
  }
  const { digest } = run.label.teacher;
  return { recipe, recipeFolder: folder, run, root: join(resolve(options.labels), digest), digest };
}

async function checkFiles(root: string, digest: string): Promise<Verified> {
  const { checkStore } = await import("../labels/check-store.ts");
  const nothing = { digest, labels: null, problem: null };
  try {
    const files = await checkStore(root, () => undefined);
    return { ...nothing, files, passed: fileProblems(files).length === 0 };
  } catch (thrown) {
    if (!(thrown instanceof LimbeckError)) throw thrown;
    return { ...nothing, files: null, problem: messageOf(thrown), passed: false };
  }
}

async function verifyRecipe(path: string, options: VerifyOptions): Promise<Verified> {
  const { digest, root, ...opened } = await openRecipe(path, options);
  const found = await checkFiles(root, digest);
  if (found.files === null || options.sample === 0) return found;
  const { verifyLabels } = await import("../labelling/verify-labels.ts");
  const reporter = createReporter({ quiet: options.json });
  try {
    const labels = await guarded(reporter, (signal) =>
      verifyLabels({
        ...{ ...opened, root, signal, sample: options.sample, report: reporter.report },
        labelsFolder: resolve(options.labels),
        agree: openConsent({
          yes: options.yes,
          consent: (plan) => askConsent(plan, reporter),
          report: reporter.report,
        }),
        paid: options.yes === true,
      }),
    );
    const passed = found.passed && ("skipped" in labels || labels.result.passed);
    return { ...found, labels, passed };
  } catch (thrown) {
    if (!(thrown instanceof LimbeckError) || thrown.code !== "E_STORE") throw thrown;
    return { ...found, problem: thrown.message, passed: false };
  }
}

async function chooseStores(digest: string | undefined, options: VerifyOptions) {
  if (digest !== undefined) return [await storeOf(digest, options)];
  const { listStores } = await import("../labels/open-store.ts");
  return await listStores(resolve(options.labels));
}

/** `limbeck labels verify`. @throws LimbeckError `E_STORE` where a store is not what it should be */
export async function verifyStores(
  digest: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  const verified: Verified[] = [];
  if (options.recipe !== undefined) {
    const found = await verifyRecipe(options.recipe, options);
    if (digest !== undefined && !found.digest.startsWith(digest.toLowerCase())) {
      throw new LimbeckError(
        "E_USAGE",
        `Expected the recipe's labels to be in ${digest}, got ${found.digest.slice(0, 12)}. Leave the digest out, or name its own recipe.`,
      );
    }
    verified.push(found);
  } else {
    for (const store of await chooseStores(digest, options))
      verified.push(await checkFiles(store.root, store.digest));
  }
  const style = createStyle(describeTerminal(process.stdout).colours);
  show(options, { stores: verified }, () =>
    verified.length === 0
      ? [`There is no label store in ${options.labels}.`]
      : verified.flatMap((one) => formatVerified(one, style)),
  );
  const failed = verified.filter(({ passed }) => !passed).length;
  if (failed === 0) return;
  throw new LimbeckError(
    "E_STORE",
    `Expected every label store to be what its teacher said, got ${failed} of ${verified.length} that ${failed === 1 ? "is" : "are"} not. ` +
      "Damaged shards are labelled again by: npx limbeck label RECIPE --from label. Where labels differ, move the store's folder away first.",
  );
}
