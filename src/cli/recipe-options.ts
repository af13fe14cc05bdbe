import { Argument, Option } from "commander";

/** The recipe that a command works on. */
export function recipeArgument(): Argument {
  return new Argument("<recipe>", "a YAML file, such as recipes/quickstart.yaml");
}

/** `--set a.b=c`, any number of times. */
export function setOption(): Option {
  return new Option("--set <key=value>", "override a key, as train.epochs=5 (repeatable)")
    .default([], "none")
    .argParser((text: string, before: string[]) => [...before, text]);
}
