/** Every kind of error that a user can mend. Tests and callers match on the code, people read the message. */
export type ErrorCode =
  | "E_USAGE" // a command line that cannot be understood
  | "E_RECIPE" // a recipe that is missing, malformed or contradicts itself
  | "E_DATA" // texts or labels that cannot be read or used
  | "E_TEACHER" // a teacher that is missing, corrupt or does not fit the data
  | "E_STORE" // a label store that does not match its teacher, or a damaged file in it
  | "E_SHAPE" // tensors whose shapes do not fit together
  | "E_TRAINING" // NaN, a crashed worker, a checkpoint that does not fit
  | "E_EXPORT" // an exported file that does not equal the trained student
  | "E_BUNDLE" // a bundle with a missing, truncated or foreign file
  | "E_DEVICE" // a device that is not there, or that cannot be built
  | "E_DISK" // full, read-only, or not permitted
  | "E_QUEUE" // a queue that cannot be reached, or that is no queue
  | "E_LOCKED" // somebody else works in this folder
  | "E_ABORTED"; // stopped by the user; the message says how to go on

/**
 * An error that the user can mend: a bad recipe, a missing file, mismatched shapes.
 * The message reads *Expected X, got Y. Fix.* and names the file and line where there is one.
 * Anything else that is thrown is a bug and keeps its stack.
 */
export class LimbeckError extends Error {
  override readonly name = "LimbeckError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
