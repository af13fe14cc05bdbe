import { Command } from "commander";
import { describeTerminal } from "../platform/terminal.ts";
import { explainText } from "./explain-text.ts";
import { recipeArgument, setOption } from "./recipe-options.ts";
import { quoteForShell } from "./results.ts";

interface RecipeOptions {
  set: string[];
  json?: boolean;
}

async function check(path: string, options: RecipeOptions): Promise<void> {
  const { loadRecipe } = await import("../recipe/load.ts");
  const { recipe, folder } = await loadRecipe(path, { set: options.set });
  const { isModulePath, moduleNotice, resolveModulePath } =
    await import("../labelling/plug-in/module-path.ts");
  const { kind } = recipe.teacher;
  const notice = isModulePath(kind) ? `${moduleNotice(resolveModulePath(kind, folder))}\n` : "";
  const students = recipe.student.map(({ name }) => name).join(", ");
  const source = typeof recipe.data.source === "string" ? recipe.data.source : "files by split";
  const { length: seeds } = recipe.train.seeds;
  process.stdout.write(
    `${path} is a valid recipe: ${recipe.name}\n` +
      `  data      ${source}\n` +
      `  teacher   ${kind}\n` +
      `  students  ${students}, ${seeds} ${seeds === 1 ? "seed" : "seeds"} each\n` +
      `  controls  ${recipe.controls.join(", ") || "none"}\n` +
      notice +
      `Run it: npx limbeck run ${quoteForShell(path)}\n`,
  );
}

async function explain(path: string, options: RecipeOptions): Promise<void> {
  const { loadRecipe } = await import("../recipe/load.ts");
  const { explainRecipe } = await import("../recipe/explain.ts");
  const rows = explainRecipe(await loadRecipe(path, { set: options.set }));
  // One line a key where another program reads it.
  const { interactive, width: columns } = describeTerminal(process.stdout);
  const width = interactive ? columns : Infinity;
  const text = options.json === true ? JSON.stringify(rows, null, 2) : explainText(rows, width);
  process.stdout.write(`${text}\n`);
}

async function schema(): Promise<void> {
  const { fullJsonSchema } = await import("../recipe/json-schema.ts");
  process.stdout.write(`${JSON.stringify(await fullJsonSchema(), null, 2)}\n`);
}

/** `limbeck recipe check|explain|schema`. */
export function createRecipeCommand(): Command {
  const command = new Command("recipe").summary(
    "check or explain a recipe, or print its JSON Schema",
  );
  command
    .command("check")
    .description("say whether a recipe is valid, and if not, where and why")
    .addArgument(recipeArgument())
    .addOption(setOption())
    .action(check);
  command
    .command("explain")
    .description("print every key with its value, where that comes from, and the reason for it")
    .addArgument(recipeArgument())
    .addOption(setOption())
    .option("--json", "as JSON")
    .action(explain);
  command
    .command("schema")
    .description("print the JSON Schema (draft 2020-12) that editors complete recipes from")
    .action(schema);
  return command;
}
