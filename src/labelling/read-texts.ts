import { LimbeckError } from "../errors.ts";
import { readIdentified, readSplit } from "../texts/splits.ts";
import type { IdentifiedText, LabelledText, PrepareDetails } from "../types.ts";

/** The texts of every split, without labels, each id once. */
export async function readAllTexts(run: string): Promise<IdentifiedText[]> {
  const splits = [];
  for (const split of ["labelled", "transfer", "validation", "test"] as const) {
    splits.push(await readIdentified(run, split));
  }
  return [...new Map(splits.flat().map((text) => [text.id, text])).values()];
}

/** Gold labels that a teacher may learn from; of the validation split only where the recipe bought them. */
export async function readGold(
  run: string,
  { classes, validation }: PrepareDetails,
): Promise<{ labelled: LabelledText[]; validation: LabelledText[] }> {
  return {
    labelled: await readLabelled(run, "labelled", classes),
    validation: validation === "gold" ? await readLabelled(run, "validation", classes) : [],
  };
}

async function readLabelled(
  run: string,
  split: "labelled" | "validation",
  classes: readonly string[],
): Promise<LabelledText[]> {
  const indices = new Map(classes.map((name, index) => [name, index]));
  const rows = await readSplit(run, split);
  return rows.map(({ id, text, label: name }) => {
    const index = name === null ? undefined : indices.get(name);
    if (index === undefined) {
      throw new LimbeckError(
        "E_DATA",
        `Expected every ${split} text to be of a known class, got ${name ?? "none"} for the text ${id}. ` +
          "Prepare the texts again: limbeck run RECIPE --from prepare.",
      );
    }
    return { id, text, label: index };
  });
}
