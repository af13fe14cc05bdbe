import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** True for a path with `*`, `?`, `[…]` or `{…,…}`. */
export function isGlob(path: string): boolean {
  return /[*?]|\[[^\]]+\]|\{[^}]*,[^}]*\}/.test(path);
}

/** One segment of a pattern as a regular expression; `*` and `?` do not match the dot of a hidden name. */
function segmentPattern(segment: string): RegExp {
  let source = "";
  let depth = 0;
  for (let at = 0; at < segment.length; at += 1) {
    const character = segment[at]!;
    const close = character === "[" ? segment.indexOf("]", at + 2) : -1;
    if (close !== -1) {
      const inside = segment.slice(at + 1, close).replaceAll("\\", "\\\\");
      source += `[${inside.startsWith("!") ? `^${inside.slice(1)}` : inside}]`;
      at = close;
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "{") {
      source += "(?:";
      depth += 1;
    } else if (character === "}" && depth > 0) {
      source += ")";
      depth -= 1;
    } else if (character === "," && depth > 0) source += "|";
    else source += character.replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&");
  }
  return new RegExp(
    `^${segment.startsWith(".") ? "" : "(?!\\.)"}${source}${")".repeat(depth)}$`,
    "u",
  );
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return []; // not a folder, or not there: nothing matches
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function expandFrom(folder: string, segments: readonly string[]): Promise<string[]> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return [folder];
  if (segment === "**") {
    const found = await expandFrom(folder, rest);
    for (const name of await names(folder)) {
      const path = join(folder, name);
      if (!name.startsWith(".") && (await isFolder(path)))
        found.push(...(await expandFrom(path, segments)));
    }
    return found;
  }
  if (!isGlob(segment)) {
    const path = join(folder, segment);
    return existsSync(path) ? await expandFrom(path, rest) : [];
  }
  const pattern = segmentPattern(segment);
  const matching = (await names(folder)).filter((name) => pattern.test(name));
  const found: string[] = [];
  for (const name of matching) found.push(...(await expandFrom(join(folder, name), rest)));
  return found;
}

/**
 * Files and folders that match an absolute pattern, each once, in the order of their names: `*` and `?` within a name,
 * `**` over folders, `[abc]`, `{one,two}`.
 */
export async function expandGlob(pattern: string): Promise<string[]> {
  const segments = pattern.split(/[/\\]/);
  const root = pattern.startsWith("/") ? "/" : `${segments[0]!}/`;
  const found = await expandFrom(
    root,
    segments.slice(1).filter((segment) => segment !== ""),
  );
  return [...new Set(found)].sort();
}
