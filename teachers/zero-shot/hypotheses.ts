import { LimbeckError } from "../../src/errors.ts";
import { PLACE, type ZeroShotOptions } from "./options.ts";

/** What is held against a text for each class. */
export interface Hypotheses {
  /** By class, in the order of the classes. */
  descriptions: readonly string[];
  templates: readonly string[];
  /** `[C × templates]`, the templates of a class one after the other. */
  sentences: readonly string[];
}

function refuse(expected: string, got: string): LimbeckError {
  return new LimbeckError(
    "E_TEACHER",
    `Expected ${expected} in teacher.descriptions, got ${got}. Describe every class once, or leave the key out: the names then serve.`,
  );
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

function checkDescriptions(
  given: Readonly<Record<string, string>>,
  classes: readonly string[],
): void {
  const missing = classes.filter((name) => !Object.hasOwn(given, name));
  const extra = Object.keys(given).filter((name) => !classes.includes(name));
  const parts = [
    missing.length > 0 && `none of ${listNames(missing)}`,
    extra.length > 0 && `descriptions of ${listNames(extra)}, which the data does not have`,
  ].filter(Boolean);
  if (parts.length > 0)
    throw refuse(`a description of each of the ${classes.length} classes`, parts.join("; "));
  const empty = classes.filter((name) => given[name]!.trim() === "");
  if (empty.length > 0) throw refuse("words", `empty descriptions of ${listNames(empty)}`);
}

function checkDistinct(descriptions: readonly string[], classes: readonly string[]): void {
  descriptions.forEach((text, index) => {
    const first = descriptions.indexOf(text);
    if (first === index) return;
    const got = `"${text}" for ${classes[first]!} and ${classes[index]!}`;
    throw refuse("descriptions that differ", got);
  });
}

/**
 * The sentences of each class: every template with its description.
 *
 * @throws LimbeckError `E_TEACHER` where a description is missing, empty, of no class, or another class's too.
 */
export function makeHypotheses(
  { descriptions: given, template }: Pick<ZeroShotOptions, "descriptions" | "template">,
  classes: readonly string[],
): Hypotheses {
  if (given) checkDescriptions(given, classes);
  const descriptions = classes.map((name) =>
    given ? given[name]!.trim() : name.replace(/[_-]+/g, " ").trim(),
  );
  checkDistinct(descriptions, classes);
  const templates = [template].flat();
  const sentences = descriptions.flatMap((text) =>
    // Split and joined: a $ in a description would mean something to replace().
    templates.map((one) => one.split(PLACE).join(text)),
  );
  return { descriptions, templates, sentences };
}
