import { Command } from "commander";

interface InitOptions {
  out?: string;
}

async function init(source: string, options: InitOptions): Promise<void> {
  const { inspect, recipeFor } = await import("../recipe/init.ts");
  void inspect;
  void recipeFor;
  void options;
  await Promise.resolve(source);
}

/** `limbeck init FILE`. */
export function createInitCommand(): Command {
  return new Command("init")
    .summary("look at your texts and write the recipe for them")
    .description(
      "Look at a CSV, TSV, JSONL, Parquet or text file, or a folder of classes, and write the commented recipe for it.",
    )
    .argument("<file>", "your texts")
    .option("--out <file>", "where the recipe goes (default: its name beside you, as texts.yaml)")
    .action(init);
}
