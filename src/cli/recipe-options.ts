import { Argument, Option } from "commander";

/** The recipe that a command works on. */
export function recipeArgument(): Argument {
  return new Argument("<recipe>", "a YAML file, such as recipes/quickstart.yaml");
}

/** `--download`: whether a model of the hub may be fetched. */
export function downloadOption(): Option {
  return new Option(
    "--download",
    "fetch a teacher's model of the hub (org/name@revision) that is not here yet",
  );
}

/** `--set a.b=c`, any number of times. */
export function setOption(): Option {
  return new Option("--set <key=value>", "override a key, as train.epochs=5 (repeatable)")
    .default([], "none")
    .argParser((text: string, before: string[]) => [...before, text]);
}
