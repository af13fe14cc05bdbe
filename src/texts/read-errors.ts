import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LimbeckError, messageOf } from "../errors.ts";
import { nearest } from "../words/suggest.ts";

/** The error for a path that does not exist: where it was looked for, and the nearest name that is there. */
export function missingFile(
  file: string,
  candidates: readonly string[],
  names: readonly string[] = [],
): LimbeckError {
  const near = nearestFile(candidates) ?? nearest(file, names);
  const places = [...new Set(candidates.map((path) => dirname(path)))].join(", ");
  const cure = near === null ? "Mend the path." : `Did you mean "${near}"?`;
  return new LimbeckError(
    "E_DATA",
    `Expected texts at "${file}", got no such file or folder in ${places}. ${cure}`,
  );
}

function nearestFile(candidates: readonly string[]): string | null {
  for (const path of candidates) {
    try {
      const near = nearest(basename(path), readdirSync(dirname(path)));
      if (near !== null) return join(dirname(path), near);
    } catch {
      continue; // the folder is not there either
    }
  }
  return null;
}

/** Turns an error of the file system or of gunzip that the user can mend into one that says how; others stay. */
export function explainReadError(thrown: unknown, file: string): unknown {
  if (thrown instanceof LimbeckError) return thrown;
  const code = (thrown as NodeJS.ErrnoException | null)?.code ?? "";
  const data = (message: string): LimbeckError =>
    new LimbeckError("E_DATA", message, { cause: thrown });
  if (code === "ENOENT") return data(`Expected texts at ${file}, got no such file. Mend the path.`);
  if (code === "EACCES" || code === "EPERM") {
    return data(`Expected to read ${file}, got "permission denied". Mend the file's permissions.`);
  }
  if (code.startsWith("Z_")) {
    return data(
      `Expected complete gzip data in ${file}, got: ${messageOf(thrown)}. Copy or pack the file anew.`,
    );
  }
  return thrown;
}

/** A message for what a parser threw: ours as it is, others with the file's name. */
export function parserError(thrown: unknown, file: string): unknown {
  if (thrown instanceof LimbeckError) return thrown;
  return new LimbeckError("E_DATA", `Cannot read ${file}: ${messageOf(thrown)}.`, {
    cause: thrown,
  });
}
