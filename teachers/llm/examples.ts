import { LimbeckError } from "../../src/errors.ts";
import { Random } from "../../src/math/random.ts";
import { textId } from "../../src/texts/ids.ts";
import type { LabelledText } from "../../src/types.ts";
import { nearest } from "../../src/words/suggest.ts";
import type { LlmOptions } from "./options.ts";

/** @throws LimbeckError `E_TEACHER` naming what is no class, and the one that may have been meant. */
function requireClass(name: string, classes: readonly string[], where: string): number {
  const index = classes.indexOf(name);
  if (index >= 0) return index;
  const near = nearest(name, classes);
  const cure =
    near === null ? `The classes: ${classes.slice(0, 20).join(", ")}.` : `Did you mean "${near}"?`;
  throw new LimbeckError(
    "E_TEACHER",
    `Expected a class of the data in ${where}, got ${JSON.stringify(name)}. ${cure}`,
  );
}

/** Holds the names in `descriptions` against the data's classes. @throws LimbeckError `E_TEACHER` */
export function checkDescriptions(
  descriptions: LlmOptions["descriptions"],
  classes: readonly string[],
): void {
  for (const name of Object.keys(descriptions)) requireClass(name, classes, "teacher.descriptions");
}

/**
 * The solved texts of the prompt: those given, or `n` of each class drawn by the seed from the labelled texts, in mixed
 * order.
 *
 * @throws LimbeckError `E_TEACHER` for a label that is no class, or a class with too few labelled texts.
 */
export function chooseExamples(
  examples: LlmOptions["examples"],
  {
    labelled,
    classes,
    seed,
  }: { labelled: readonly LabelledText[]; classes: readonly string[]; seed: number },
): LabelledText[] {
  if (Array.isArray(examples)) {
    return examples.map(({ text, label }) => ({
      id: textId(text),
      text,
      label: requireClass(label, classes, "teacher.examples"),
    }));
  }
  const random = new Random("llm examples", seed);
  const byId = [...labelled].sort((a, b) => (a.id < b.id ? -1 : 1));
  const chosen = classes.flatMap((name, label) => {
    const own = byId.filter((text) => text.label === label);
    if (own.length < examples) {
      throw new LimbeckError(
        "E_TEACHER",
        `Expected ${examples} labelled texts of each class for teacher.examples, got ${own.length} of ${name}. ` +
          "Use fewer, or list examples in the recipe.",
      );
    }
    return random.shuffle(own).slice(0, examples);
  });
  return random.shuffle(chosen);
}
