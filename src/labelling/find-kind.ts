import { LimbeckError } from "../errors.ts";
import { teachers } from "../registry.ts";
import type { TeacherEntry, TeacherKind } from "../types.ts";

/**
 * The kind of teacher that an entry of a recipe names, with its options checked and defaults filled in.
 *
 * @throws LimbeckError `E_RECIPE` for a kind that does not exist.
 */
export async function findKind(
  entry: TeacherEntry,
): Promise<{ kind: TeacherKind; options: unknown }> {
  const { kind: name, ...rest } = entry;
  const load = Object.hasOwn(teachers, name) ? teachers[name] : undefined;
  if (load === undefined) {
    const known = Object.keys(teachers).join(", ");
    throw new LimbeckError("E_RECIPE", `Expected teacher.kind to be one of ${known}, got ${name}.`);
  }
  const kind = await load();
  return { kind, options: kind.options.parse(rest) };
}
