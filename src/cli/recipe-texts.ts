/** Every text of a recipe's run by id; null where no recipe is named. @throws LimbeckError `E_USAGE` where none are prepared */
export async function readRecipeTexts({
  recipe: path,
  out,
}: {
  recipe?: string | undefined;
  out?: string | undefined;
}): Promise<Map<string, string> | null> {
  if (path === undefined) return null;
  const { loadRecipe } = await import("../recipe/load.ts");
  const { readRecipeRun, textsById } = await import("../labelling/recipe-run.ts");
  const { recipe } = await loadRecipe(path);
  return await textsById(await readRecipeRun(recipe.name, out));
}
