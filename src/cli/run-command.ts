import { Command, Option } from "commander";
import { LimbeckError } from "../errors.ts";
import { describeTerminal } from "../platform/terminal.ts";
import type { LimbeckReport } from "../report/schema.ts";
import type { RunResult } from "../run.ts";
import { describeOutlay } from "../labelling/describe-outlay.ts";
import { STAGES, type StageName } from "../types.ts";
import { createReporter } from "./create-reporter.ts";
import { askConsent } from "./ask-consent.ts";
import { guarded } from "./guarded.ts";
import { addLabelOptions, isStream, queueOf, type LabelOptions } from "./label-options.ts";
import { downloadOption, recipeArgument, setOption } from "./recipe-options.ts";
import { formatResults, quoteForShell, shortPath } from "./results.ts";
import { createStyle } from "./style.ts";

interface RunOptions extends LabelOptions {
  set: string[];
  out?: string;
  from?: StageName;
  json?: boolean;
  quiet?: boolean;
  download?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  retrySetAside?: boolean;
}

const SUMMARIES: Readonly<Record<StageName | "run", string>> = {
  run: "run every stage of a recipe: from texts to a student, its bundle and the report",
  prepare: "read the texts, draw the labels that may be used, make the splits",
  label: "have the teacher label the transfer set (after prepare)",
  train: "train the students and their controls (after label)",
  evaluate: "score teacher, students and controls on the test texts (after train)",
  export: "write the bundle that ships and check it against the student (after evaluate)",
  report: "write the report (after every other stage)",
};

function checkFrom(from: StageName | undefined, until: StageName): void {
  if (from === undefined || STAGES.indexOf(from) <= STAGES.indexOf(until)) return;
  throw new LimbeckError(
    "E_USAGE",
    `Expected --from to name ${until} or a stage before it, got ${from}. Use limbeck ${from}, or another stage.`,
  );
}

/** What a dry run has found. */
function showPlan({ plan }: RunResult, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ kind: "plan", plan })}\n`);
    return;
  }
  const lines =
    plan == null
      ? ["Nothing would be sent and nothing paid: the teacher runs here, or every label is there."]
      : [...describeOutlay(plan), "This was a dry run: nothing was sent."];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function showEnd(result: RunResult, until: StageName, recipe: string, options: RunOptions): void {
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ kind: "result", ...result })}\n`);
    return;
  }
  const next = STAGES[STAGES.indexOf(until) + 1];
  if (next === undefined) {
    const { interactive, colours, width } = describeTerminal(process.stdout);
    const report = result.report as LimbeckReport;
    const columns = interactive ? Math.min(width, 100) : Infinity;
    const text = formatResults(result.folder, report, createStyle(colours), columns);
    process.stdout.write(`${text}\n`);
    return;
  }
  const folder = shortPath(result.folder);
  process.stdout.write(
    `${folder}/${until} is ready. Next: npx limbeck ${next} ${quoteForShell(recipe)}\n`,
  );
}

async function runRecipe(path: string, options: RunOptions, until: StageName): Promise<void> {
  checkFrom(options.from, until);
  if (isStream(options)) {
    const { streamLabels } = await import("./label-stream.ts");
    await streamLabels(path, { ...options, onError: options.onError ?? "stop" });
    return;
  }
  const queue = queueOf(options);
  const { loadRecipe } = await import("../recipe/load.ts");
  const { recipe, folder } = await loadRecipe(path, { set: options.set });
  const { run } = await import("../run.ts");
  const reporter = createReporter(options);
  const { dryRun = false, yes = false, retrySetAside = false } = options;
  const result = await guarded(reporter, (signal) =>
    run(recipe, {
      recipeFolder: folder,
      until,
      signal,
      queue,
      report: reporter.report,
      download: options.download ?? false,
      consent: (plan) => askConsent(plan, reporter),
      ...{ dryRun, yes, retrySetAside },
      ...(options.out === undefined ? {} : { out: options.out }),
      ...(options.from === undefined ? {} : { from: options.from }),
    }),
  );
  if (dryRun) showPlan(result, options.json === true);
  else showEnd(result, until, path, options);
}

/** `limbeck run RECIPE`, or a stage by name: everything up to it, as far as it is not there already. */
export function createRunCommand(name: StageName | "run"): Command {
  const until = name === "run" ? "report" : name;
  const command = createStageCommand(name, until);
  return until === "prepare" ? command : addSendingOptions(command);
}

/** Options of commands that may come to a teacher on a server. */
function addSendingOptions(command: Command): Command {
  return command
    .option("--dry-run", "say what labelling would send out and cost, and stop")
    .option("--yes", "agree to send texts to the teacher's server, and to its price")
    .option("--retry-set-aside", "ask again about texts that the teacher had no usable answer for");
}

function createStageCommand(name: StageName | "run", until: StageName): Command {
  const command = new Command(name)
    .summary(SUMMARIES[name])
    .description(`${SUMMARIES[name]}. What is finished already is kept and skipped.`)
    .addArgument(recipeArgument())
    .addOption(setOption())
    .option("--out <folder>", "folder of the run (default: runs/<name of the recipe>)")
    .addOption(new Option("--from <stage>", "redo this stage and those after it").choices(STAGES))
    .addOption(downloadOption())
    .option("--json", "one JSON event a line on standard output")
    .option("--quiet", "show the end only")
    .action((path: string, options: RunOptions) => runRecipe(path, options, until));
  return name === "label" ? addLabelOptions(command) : command;
}
