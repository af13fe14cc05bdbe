import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function isOurs(folder: string): boolean {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return false;
  return (JSON.parse(readFileSync(path, "utf8")) as { name?: string }).name === "limbeck";
}

let found: string | null = null;

/**
 * The package's own folder, absolute: the nearest one above this file whose package.json is named limbeck. Sources lie
 * in `src/`, built files in `dist/src/`, so no fixed number of steps up would do.
 */
export function packageRoot(): string {
  if (found !== null) return found;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isOurs(folder)) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error(`no package.json of limbeck above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  found = folder;
  return folder;
}
