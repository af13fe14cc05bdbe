import { existsSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "commander";
import { LimbeckError } from "../errors.ts";
import { writeFileAtomic } from "../platform/files.ts";
import { quoteForShell } from "./results.ts";

interface InitOptions {
  out?: string;
  text?: string;
  label?: string;
  force?: boolean;
}

/** `texts.csv.gz` → `texts.yaml`, in the working directory. */
function recipeName(source: string): string {
  const stem = basename(source)
    .replace(/\.gz$/i, "")
    .replace(/\.[^.]+$/, "");
  return `${stem.replaceAll(/[^\w.-]/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "recipe"}.yaml`;
}

function columnsOf({ text, label }: InitOptions): { text?: string; label?: string } {
  return { ...(text === undefined ? {} : { text }), ...(label === undefined ? {} : { label }) };
}

async function init(source: string, options: InitOptions): Promise<void> {
  const out = options.out ?? recipeName(source);
  if (out !== "-" && existsSync(out) && options.force !== true) {
    throw new LimbeckError(
      "E_RECIPE",
      `Expected ${out} not to be there yet, got a file. Name another with --out, or replace it with --force.`,
    );
  }
  const { inspect, recipeFor, describeInspection } = await import("../recipe/init.ts");
  const inspection = await inspect(source, { columns: columnsOf(options) });
  if (out === "-") {
    process.stdout.write(recipeFor(inspection));
    return;
  }
  const recipe = recipeFor(inspection, out);
  await writeFileAtomic(out, recipe);
  const next = recipe.includes("BEFORE YOU RUN IT")
    ? "Its first lines say what it needs before it can be run."
    : `Run it: npx limbeck run ${quoteForShell(out)}`;
  process.stdout.write(`${describeInspection(inspection).join("\n")}\n\nWrote ${out}. ${next}\n`);
}

/** `limbeck init FILE`. */
export function createInitCommand(): Command {
  return new Command("init")
    .summary("look at your texts and write the recipe for them")
    .description(
      "Look at a CSV, TSV, JSONL, Parquet or text file (.gz of each), or a folder with one sub-folder per class, and " +
        "write the commented recipe for it.",
    )
    .argument("<file>", "your texts")
    .option(
      "--out <file>",
      "where the recipe goes, - for standard output (default: texts.yaml for texts.csv)",
    )
    .option("--text <column>", "column of the text, where the guess is wrong")
    .option("--label <column>", "column of the label, where the guess is wrong")
    .option("--force", "replace a recipe that is there")
    .action(init);
}
