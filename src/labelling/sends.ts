import { teachers } from "../registry.ts";

/**
 * Whether a teacher, or any teacher named within its options as a member, sends texts to another program or costs money.
 *
 * @param entry - the recipe's `teacher`, or any part of it
 */
export async function sendsTexts(entry: unknown): Promise<boolean> {
  if (typeof entry !== "object" || entry === null) return false;
  const { kind } = entry as { kind?: unknown };
  if (typeof kind === "string" && Object.hasOwn(teachers, kind)) {
    const { sends = false } = (await teachers[kind]?.()) ?? {};
    if (sends) return true;
  }
  for (const inner of Object.values(entry)) if (await sendsTexts(inner)) return true;
  return false;
}
