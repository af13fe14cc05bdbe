import { dirname, join } from "node:path";
import { resolveRecipePath } from "../platform/resolve.ts";
import type { Report, TeacherPlace } from "../types.ts";
import { findKind } from "./find-kind.ts";

export interface PlaceOptions {
  /** Folder of the recipe file; null where the recipe is an object. */
  recipeFolder: string | null;
  /** `.limbeck/labels`; downloaded models lie beside it. */
  labelsFolder: string;
  download: boolean;
  report?: Report;
  signal?: AbortSignal;
}

/** Where a recipe's teachers find their files. */
export function teacherPlace(options: PlaceOptions): TeacherPlace {
  const { recipeFolder, labelsFolder, download, report, signal } = options;
  return {
    resolve: (path) => resolveRecipePath(path, recipeFolder),
    modelsFolder: join(dirname(labelsFolder), "models"),
    download,
    findKind: (entry) => findKind(entry, recipeFolder),
    ...(report && { report }),
    ...(signal && { signal }),
  };
}
