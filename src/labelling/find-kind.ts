import { LimbeckError } from "../errors.ts";
import { teachers } from "../registry.ts";
import type { TeacherEntry, TeacherKind } from "../types.ts";

/** A teacher's own options: without the keys that all kinds share, which the stages read. */
function withoutShared(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => key !== "calibrate"));
}

/**
 * The kind of teacher that an entry of a recipe names, with its options checked and defaults filled in.
 *
 * @throws LimbeckError `E_RECIPE` for a kind that does not exist.
 */
export async function findKind(
  entry: TeacherEntry,
): Promise<{ kind: TeacherKind; options: unknown }> {
  const { kind: name, ...given } = entry;
  const rest = withoutShared(given);
  const load = Object.hasOwn(teachers, name) ? teachers[name] : undefined;
  if (load === undefined) {
    const known = Object.keys(teachers).join(", ");
    throw new LimbeckError("E_RECIPE", `Expected teacher.kind to be one of ${known}, got ${name}.`);
  }
  const kind = await load();
  return { kind, options: kind.options.parse(rest) };
}
