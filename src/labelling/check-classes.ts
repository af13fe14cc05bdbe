import { LimbeckError } from "../errors.ts";
import type { Teacher } from "../types.ts";

/** @throws LimbeckError `E_TEACHER` naming the classes that only one of teacher and data knows, or that they differ in order. */
export function checkClasses(teacher: Pick<Teacher, "labels">, classes: readonly string[]): void {
  if (
    teacher.labels.length === classes.length &&
    teacher.labels.every((name, at) => name === classes[at])
  )
    return;
  const only = (these: readonly string[], others: readonly string[]) => {
    const names = these.filter((name) => !others.includes(name));
    return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  };
  const data = only(classes, teacher.labels);
  const own = only(teacher.labels, classes);
  const parts = [data && `the data also has ${data}`, own && `the teacher also has ${own}`].filter(
    Boolean,
  );
  const difference = parts.length > 0 ? parts.join("; ") : "the same in another order";
  throw new LimbeckError(
    "E_TEACHER",
    `Expected the teacher to know the ${classes.length} classes of the data, got ${teacher.labels.length}: ${difference}. ` +
      "Choose another teacher, or data with its classes.",
  );
}
