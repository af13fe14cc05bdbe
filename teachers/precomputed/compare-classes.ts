import { LimbeckError } from "../../src/errors.ts";

const MOST_NAMES = 10;

function list(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

/** @throws LimbeckError `E_DATA` with both lists and the difference where a file's classes are not the data's, each once. */
export function compareClasses(options: {
  file: string;
  classes: readonly string[];
  found: readonly string[];
  cure: string;
}): void {
  const { file, classes, found, cure } = options;
  const lacking = classes.filter((name) => !found.includes(name));
  const unknown = found.filter((name) => !classes.includes(name));
  const twice = found.filter((name, at) => found.indexOf(name) < at);
  if (lacking.length + unknown.length + twice.length === 0) return;
  const difference = [
    lacking.length > 0 ? `the file lacks ${list(lacking)}` : null,
    unknown.length > 0 ? `the data has no class ${list(unknown)}` : null,
    twice.length > 0 ? `${list(twice)} comes twice` : null,
  ].filter((part) => part !== null);
  throw new LimbeckError(
    "E_DATA",
    `Expected the ${classes.length} classes of the data in ${file}: ${list(classes)}; got ${found.length}: ${list(found)}. ` +
      `So ${difference.join("; ")}. ${cure}`,
  );
}
