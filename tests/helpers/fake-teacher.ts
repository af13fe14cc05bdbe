import { digestOf } from "../../src/platform/digest.ts";
import type { Teacher } from "../../src/types.ts";

/** A teacher that answers as it is told to; of its model nothing is known. */
export function fakeTeacher(
  given: Pick<Teacher, "description" | "labels" | "label"> & Partial<Teacher>,
): Teacher {
  return {
    digest: digestOf(given.description),
    capacity: 1,
    parameters: null,
    bytes: null,
    maxLength: null,
    facts: {},
    files: {},
    heldOut: null,
    close: () => Promise.resolve(),
    ...given,
  };
}
