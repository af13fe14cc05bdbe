import { LimbeckError } from "../errors.ts";

/** Shorter stretches of a secret are no secret. */
const SHORTEST = 6;

/**
 * A secret of the environment, without white space around it; null where the variable is not set or empty.
 *
 * @throws LimbeckError `E_USAGE` naming the variable, never its value, where it holds what no HTTP header can carry.
 */
export function readSecret(
  variable: string,
  environment: NodeJS.ProcessEnv = process.env,
): string | null {
  const secret = environment[variable]?.trim() ?? "";
  if (secret === "") return null;
  if (/^[\x21-\x7e]+$/.test(secret)) return secret;
  throw new LimbeckError(
    "E_USAGE",
    `Expected the environment variable ${variable} to hold a key of printable characters without spaces, got others. ` +
      "Set it again: quotes or a line break may have come in.",
  );
}

/** Length of the longest stretch of the secret that the text goes on with from `at`. */
function stretchAt(text: string, at: number, secret: string): number {
  let length = 0;
  while (at + length < text.length && secret.includes(text.slice(at, at + length + 1))) length += 1;
  return length;
}

/** A text in which every stretch of a secret, from six characters on, is replaced by `***`. */
export function redact(text: string, secret: string | null): string {
  if (secret === null) return text;
  const shortest = Math.min(SHORTEST, secret.length);
  let result = "";
  for (let at = 0; at < text.length;) {
    const length = stretchAt(text, at, secret);
    const hidden = length >= shortest;
    result += hidden ? "***" : text[at]!;
    at += hidden ? length : 1;
  }
  return result;
}
