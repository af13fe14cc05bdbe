import { resolve } from "node:path";
import { Command } from "commander";
import { describeTerminal } from "../platform/terminal.ts";
import { openConsent } from "../labelling/consent.ts";
import { askConsent } from "./ask-consent.ts";
import { createReporter } from "./create-reporter.ts";
import { guarded } from "./guarded.ts";
import { countFrom, labelsOption, show } from "./labels-options.ts";
import { downloadOption, recipeArgument, setOption } from "./recipe-options.ts";
import { createStyle } from "./style.ts";
import { formatTried } from "./tried-teacher.ts";

interface TryOptions {
  set: string[];
  out?: string;
  labels: string;
  texts: number;
  top: number;
  json?: boolean;
  yes?: boolean;
  download?: boolean;
}

async function tryRecipe(path: string, options: TryOptions): Promise<void> {
  const { loadRecipe } = await import("../recipe/load.ts");
  const { run } = await import("../run.ts");
  const { readRecipeRun } = await import("../labelling/recipe-run.ts");
  const { tryTeacher } = await import("../labelling/try-teacher.ts");
  const { recipe, folder: recipeFolder } = await loadRecipe(path, { set: options.set });
  const reporter = createReporter({ quiet: options.json });
  const { report } = reporter;
  const labelsFolder = resolve(options.labels);
  const { texts, top } = options;
  const tried = await guarded(reporter, async (signal) => {
    const out = options.out === undefined ? {} : { out: options.out };
    const { folder } = await run(recipe, {
      ...{ recipeFolder, labelsFolder, signal, report, ...out },
      download: options.download ?? false,
      until: "prepare",
    });
    return await tryTeacher({
      ...{ recipe, recipeFolder, labelsFolder, texts, top, signal, report },
      run: await readRecipeRun(recipe.name, folder),
      agree: openConsent({
        yes: options.yes,
        consent: (plan) => askConsent(plan, reporter),
        report,
      }),
      download: options.download ?? false,
    });
  });
  const { colours, interactive, width } = describeTerminal(process.stdout);
  const columns = interactive ? Math.min(width, 100) : Infinity;
  show(options, tried, () => formatTried(tried, createStyle(colours), columns));
}

/** `limbeck teacher try`. */
export function createTeacherCommand(): Command {
  const command = new Command("teacher").summary(
    "try a recipe's teacher on a few texts before it labels them all",
  );
  command
    .command("try")
    .description(
      "Label a few texts of a recipe: the likeliest classes of each, how fast that was, and the time and money that " +
        "the whole corpus would take. No label is stored.",
    )
    .addArgument(recipeArgument())
    .addOption(setOption())
    .option("--texts <n>", "texts to label", countFrom(1), 20)
    .option("--top <n>", "classes to show of each", countFrom(1), 3)
    .option("--out <folder>", "folder of the run (default: runs/<name of the recipe>)")
    .addOption(labelsOption())
    .option("--json", "as JSON")
    .addOption(downloadOption())
    .option("--yes", "agree to send these texts to the teacher's server, and to its price")
    .action(tryRecipe);
  return command;
}
