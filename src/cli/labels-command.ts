import { Command } from "commander";
import { compareLabels, type DiffOptions } from "./labels-diff.ts";
import { exportStore, importStore, type ExportOptions } from "./labels-exchange.ts";
import { collectGarbage, type CollectOptions } from "./labels-gc.ts";
import { listLabels } from "./labels-ls.ts";
import { countFrom, labelsOption, runsOption, type LabelsOptions } from "./labels-options.ts";
import { verifyStores, type VerifyOptions } from "./labels-verify.ts";

const DIGEST = "first digits of a digest, as ls shows them";

/** A command on label stores, with the options that all have. */
function storeCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(labelsOption())
    .option("--json", "as JSON");
}

function createList(): Command {
  return storeCommand(
    "ls",
    "list every label store: teacher, texts, size, and the runs that use it",
  )
    .addOption(runsOption())
    .action((options: LabelsOptions & { runs: string }) => listLabels(options));
}

function createVerify(): Command {
  return storeCommand(
    "verify",
    "read every shard again and hold it against its checksum; with --recipe label some texts once more as well",
  )
    .argument("[digest]", `${DIGEST} (default: all)`)
    .option("--recipe <recipe>", "the store of this recipe's run, and a sample labelled once more")
    .option("--run <folder>", "folder of that run (default: runs/<name of the recipe>)")
    .option("--sample <n>", "texts to label once more; 0 for none", countFrom(0), 200)
    .option("--yes", "also where the teacher's answers cost something")
    .action((digest: string | undefined, options: VerifyOptions) => verifyStores(digest, options));
}

function createExport(): Command {
  return storeCommand("export", "write a store's labels as one file that others can read")
    .argument("<digest>", DIGEST)
    .requiredOption("--out <file>", "labels.parquet or labels.csv")
    .option("--recipe <recipe>", "have the texts of this recipe's run go along")
    .option("--run <folder>", "folder of that run (default: runs/<name of the recipe>)")
    .action((digest: string, options: ExportOptions) => exportStore(digest, options));
}

function createImport(): Command {
  return storeCommand("import", "take an exported file back into the store of its teacher")
    .argument("<file>", "what export wrote; a .csv with its .teacher.json beside it")
    .action((path: string, options: LabelsOptions) => importStore(path, options));
}

function createCollect(): Command {
  return storeCommand(
    "gc",
    "list what may go: stores that no run uses, damaged shards, leftovers; merge small shards",
  )
    .addOption(runsOption())
    .option("--yes", "delete and merge; without it nothing is changed")
    .option("--paid", "also stores of unused answers that were paid for")
    .action((options: CollectOptions) => collectGarbage(options));
}

function createDiff(): Command {
  return storeCommand(
    "diff",
    "show where two teachers agree, and the texts that they see most differently",
  )
    .argument("<a>", DIGEST)
    .argument("<b>", "another one's")
    .option("--recipe <recipe>", "show the texts of this recipe's run")
    .option("--run <folder>", "folder of that run (default: runs/<name of the recipe>)")
    .option("--texts <n>", "texts to show", countFrom(0), 20)
    .action((a: string, b: string, options: DiffOptions) => compareLabels(a, b, options));
}

/** `limbeck labels ls|verify|export|import|gc|diff`. */
export function createLabelsCommand(): Command {
  return new Command("labels")
    .summary("list, verify, export, import, clean up and compare the stored labels of teachers")
    .addCommand(createList())
    .addCommand(createVerify())
    .addCommand(createExport())
    .addCommand(createImport())
    .addCommand(createCollect())
    .addCommand(createDiff());
}
