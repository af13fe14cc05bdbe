import { LimbeckError } from "../errors.ts";

/** Turns whatever a stopped task throws into the one error that says how to go on. */
export async function stoppable<Result>(
  signal: AbortSignal,
  task: () => Promise<Result>,
): Promise<Result> {
  try {
    return await task();
  } catch (thrown) {
    const mendable = thrown instanceof LimbeckError && thrown.code !== "E_ABORTED";
    if (!signal.aborted || mendable) throw thrown;
    throw new LimbeckError(
      "E_ABORTED",
      "Stopped. The labels that were computed are saved; the same command goes on from there.",
      { cause: thrown },
    );
  }
}
