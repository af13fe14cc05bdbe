import { dirname, join } from "node:path";
import { resolveRecipePath } from "../platform/resolve.ts";
import type { TeacherPlace } from "../types.ts";
import { findKind } from "./find-kind.ts";

export interface PlaceOptions {
  /** Folder of the recipe file; null where the recipe is an object. */
  recipeFolder: string | null;
  /** `.limbeck/labels`; downloaded models lie beside it. */
  labelsFolder: string;
  download: boolean;
}

/** Where a recipe's teachers find their files. */
export function teacherPlace({ recipeFolder, labelsFolder, download }: PlaceOptions): TeacherPlace {
  return {
    resolve: (path) => resolveRecipePath(path, recipeFolder),
    modelsFolder: join(dirname(labelsFolder), "models"),
    download,
    findKind: (entry) => findKind(entry, recipeFolder),
  };
}
