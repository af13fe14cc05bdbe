import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError, messageOf } from "../errors.ts";
import { canonicalJson, sha256 } from "../platform/digest.ts";
import { writeFileAtomic } from "../platform/files.ts";

/** Everything that changes a row of a store. */
export type Description = Readonly<Record<string, unknown>>;

const FILE = "teacher.json";

/** Differing keys of two JSON values as `path: expected, got`, at most `limit` of them. */
export function differences(expected: unknown, got: unknown, limit = 5, path = ""): string[] {
  if (canonicalJson(expected) === canonicalJson(got)) return [];
  if (isRecord(expected) && isRecord(got)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort();
    const prefix = path === "" ? "" : `${path}.`;
    return keys
      .flatMap((key) => differences(expected[key], got[key], limit, `${prefix}${key}`))
      .slice(0, limit);
  }
  return [`${path || "it"} is ${shorten(got)} instead of ${shorten(expected)}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function shorten(value: unknown): string {
  const text = value === undefined ? "missing" : canonicalJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/**
 * Reads a store's teacher.json, or null where there is none.
 *
 * @throws LimbeckError `E_STORE` when the file is not JSON.
 */
export async function readDescription(
  root: string,
): Promise<{ description: Description; digest: string } | null> {
  let text: string;
  try {
    text = await readFile(join(root, FILE), "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
  try {
    const description = JSON.parse(text) as Description;
    return { description, digest: sha256(canonicalJson(description)) };
  } catch (thrown) {
    throw new LimbeckError(
      "E_STORE",
      `Expected JSON in ${join(root, FILE)}: ${messageOf(thrown)}. Move the folder away: its labels are computed anew.`,
      { cause: thrown },
    );
  }
}

/**
 * Writes teacher.json where there is none, and else holds the one there against the description. The file is canonical
 * JSON, so that its SHA-256 is the store's digest.
 *
 * @throws LimbeckError `E_STORE` naming the difference.
 */
export async function ensureDescription(root: string, description: Description): Promise<void> {
  const present = await readDescription(root);
  if (present === null) {
    await writeFileAtomic(join(root, FILE), canonicalJson(description));
    return;
  }
  const found = differences(description, present.description);
  if (found.length === 0) return;
  throw new LimbeckError(
    "E_STORE",
    `Expected the label store ${root} to be this teacher's, got another one's teacher.json: ${found.join("; ")}. ` +
      "Move the folder away: its labels are computed anew.",
  );
}
