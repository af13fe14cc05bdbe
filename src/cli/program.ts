import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { packageRoot } from "../platform/package-root.ts";
import { STAGES } from "../types.ts";
import { createDoctorCommand } from "./doctor-command.ts";
import { createInitCommand } from "./init-command.ts";
import { createLabelsCommand } from "./labels-command.ts";
import { createPredictCommand } from "./predict-command.ts";
import { createRecipeCommand } from "./recipe-command.ts";
import { createRunCommand } from "./run-command.ts";
import { createTeacherCommand } from "./teacher-command.ts";
import { createWorkerCommand } from "./worker-command.ts";

const EXAMPLES = `
Examples:
  npx limbeck run recipes/quickstart.yaml        distil, export and report; the same again goes on or skips
  npx limbeck init texts.csv --out mine.yaml     have a recipe written for texts of your own
  npx limbeck recipe explain mine.yaml           every key, its value and the reason for it
  npx limbeck run mine.yaml --set train.epochs=5
  npx limbeck teacher try mine.yaml              its teacher on a few texts, and what all of them will take
  npx limbeck labels ls                          the labels that are stored, and who uses them
  npx limbeck predict runs/quickstart/export/bilstm "my card was swallowed"
  cat texts.txt | npx limbeck predict runs/quickstart/export/bilstm --json

Exit codes: 0 · 1 an error, with its cure · 2 usage · 130 after Ctrl-C`;

function version(): string {
  const file = readFileSync(join(packageRoot(), "package.json"), "utf8");
  return (JSON.parse(file) as { version: string }).version;
}

/** Every command throws instead of exiting, and says where help is after a mistake. */
function prepare(command: Command): Command {
  command.exitOverride().showHelpAfterError("Try --help after the command for what there is.");
  for (const inner of command.commands) prepare(inner);
  return command;
}

/** The commands. Each loads what it needs when it runs, so that help comes at once. */
export function createProgram(): Command {
  const program = new Command("limbeck")
    .description(
      "Turn a large text model and unlabeled texts into a small model that ships, with the proof beside it.",
    )
    .version(version(), "-v, --version")
    .addHelpText("after", EXAMPLES)
    .addCommand(createRunCommand("run"));
  for (const stage of STAGES) program.addCommand(createRunCommand(stage));
  program
    .addCommand(createWorkerCommand())
    .addCommand(createPredictCommand())
    .addCommand(createInitCommand())
    .addCommand(createRecipeCommand())
    .addCommand(createTeacherCommand())
    .addCommand(createLabelsCommand())
    .addCommand(createDoctorCommand());
  return prepare(program);
}
