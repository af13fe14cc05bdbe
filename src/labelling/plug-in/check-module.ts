import { LimbeckError } from "../../errors.ts";
import type { TeacherKind } from "../../types.ts";

const FUNCTIONS = ["fingerprint", "lexicon", "open", "openForTiming"] as const;
const ADVICE = "See docs/add-a-teacher.md for a whole one.";

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** What a TeacherKind must have and this value has not, in words. */
function missingParts(value: Record<string, unknown>): string[] {
  const missing: string[] = [];
  const { options, summary } = value;
  if (!isRecord(options) || typeof options["safeParse"] !== "function")
    missing.push("options (a zod schema)");
  if (typeof summary !== "string") missing.push("summary (a text)");
  for (const name of FUNCTIONS)
    if (typeof value[name] !== "function") missing.push(`${name} (a function)`);
  return missing;
}

/**
 * The kind of teacher that a module exports.
 *
 * @throws LimbeckError `E_RECIPE` naming what is exported instead, or what is missing in it.
 */
export function checkModule(module: Record<string, unknown>, path: string): TeacherKind {
  const { teacher } = module;
  if (teacher === undefined) {
    const names = Object.keys(module).join(", ");
    throw new LimbeckError(
      "E_RECIPE",
      `Expected ${path} to export teacher, got ${names === "" ? "no exports" : `only ${names}`}. ` +
        `Add: export const teacher: TeacherKind = { … }. ${ADVICE}`,
    );
  }
  if (!isRecord(teacher)) {
    const got = teacher === null ? "null" : `a ${typeof teacher}`;
    throw new LimbeckError(
      "E_RECIPE",
      `Expected the export teacher of ${path} to be an object, got ${got}. ${ADVICE}`,
    );
  }
  const missing = missingParts(teacher);
  if (missing.length > 0) {
    throw new LimbeckError(
      "E_RECIPE",
      `Expected the export teacher of ${path} to be a TeacherKind, got one without ${missing.join(", ")}. ${ADVICE}`,
    );
  }
  return teacher as unknown as TeacherKind;
}
