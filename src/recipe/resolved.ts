import { stringify } from "yaml";
import type { Recipe } from "./schema.ts";

/**
 * The recipe with every default written out, as it is kept in the run's folder. Reading it again gives an equal
 * recipe; paths in it still count from the folder of the recipe that it was made from.
 */
export function resolvedYaml(recipe: Recipe): string {
  const note =
    "# As resolved by Limbeck: every default written out. `limbeck recipe explain` gives the reasons.\n";
  return note + stringify(recipe, { lineWidth: 0 });
}
