import { LimbeckError } from "../errors.ts";
import type { Recipe } from "../recipe/schema.ts";

/** Controls that learn from gold labels alone; the linear one on them is left out where it is planned. */
const ON_LABELS: readonly Recipe["controls"][number][] = ["hard-label", "majority"];

/**
 * The recipe as it can be trained where no label was bought: without the controls that learn from labels alone.
 *
 * @param note - told what was left out
 * @throws LimbeckError `E_RECIPE` where the students themselves would learn from nothing else.
 */
export function withoutLabels(recipe: Recipe, note: (message: string) => void): Recipe {
  if (recipe.train.loss.alpha === 1) {
    throw new LimbeckError(
      "E_RECIPE",
      "Expected labelled texts for train.loss.alpha: 1, which learns from nothing else, got none. Set alpha: 0, or label some texts.",
    );
  }
  const controls = recipe.controls.filter((name) => !ON_LABELS.includes(name));
  const left = recipe.controls.filter((name) => name !== "linear" && !controls.includes(name));
  if (controls.includes("linear")) left.push("linear");
  if (left.length > 0) {
    const names = left
      .map((name) => (name === "linear" ? "linear on the labels" : name))
      .join(", ");
    note(`No label was bought, so the controls that learn from labels are left out: ${names}.`);
  }
  return { ...recipe, controls };
}
