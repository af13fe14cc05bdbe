import { LimbeckError } from "../../src/errors.ts";
import { loadRecipe, type LoadedRecipe } from "../../src/recipe/load.ts";

/** The shortest recipe. */
export const MINIMAL = `data:
  source: texts.csv
teacher:
  kind: encoder-head
  model: teachers/some
`;

/** Loads a recipe as if it lay in `/somewhere/my texts.yaml`. */
export async function load(text: string, set?: string[]): Promise<LoadedRecipe> {
  return await loadRecipe({ text, path: "/somewhere/my texts.yaml" }, { set });
}

/** The message of the error that loading ends with, without the folder. */
export async function failure(text: string, set?: string[]): Promise<string> {
  const thrown: unknown = await load(text, set).then(
    () => new Error("no error was thrown"),
    (error: unknown) => error,
  );
  if (!(thrown instanceof LimbeckError)) throw thrown;
  return thrown.message.replaceAll("/somewhere/my texts.yaml", "r.yaml");
}
