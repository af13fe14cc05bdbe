import { setTimeout as wait } from "node:timers/promises";
import { LimbeckError } from "../../../src/errors.ts";
import type { HubSettings } from "../../../src/platform/hub-settings.ts";

/** What may go well the next time. */
export class TransientError extends Error {
  /** What the server asks for; null where it asks for nothing. */
  readonly waitMilliseconds: number | null;
  /** Whether something was gained before it happened: then it counts as the first failure. */
  readonly progressed: boolean;

  constructor(
    message: string,
    options: { waitMilliseconds?: number | null; progressed?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.waitMilliseconds = options.waitMilliseconds ?? null;
    this.progressed = options.progressed ?? false;
  }
}

const ATTEMPTS = 5;
/** However long a server asks to wait. */
const LONGEST_WAIT = 300_000;

export function stoppedError(cause: unknown): LimbeckError {
  return new LimbeckError(
    "E_ABORTED",
    "Stopped while downloading a model. What has come is kept; the same command goes on from there.",
    { cause },
  );
}

/**
 * Repeats a task that fails for a while, with waits that double, up to five failures in a row.
 *
 * @throws LimbeckError `E_ABORTED` after the signal; else the last {@link TransientError}, or what else the task throws.
 */
export async function withRetries<Result>(
  task: () => Promise<Result>,
  { retryMilliseconds }: Pick<HubSettings, "retryMilliseconds">,
  signal: AbortSignal,
): Promise<Result> {
  for (let failures = 0; ;) {
    try {
      return await task();
    } catch (thrown) {
      if (signal.aborted) throw stoppedError(thrown);
      if (!(thrown instanceof TransientError)) throw thrown;
      failures = thrown.progressed ? 1 : failures + 1;
      if (failures >= ATTEMPTS) throw thrown;
      const own = retryMilliseconds * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
      const asked = Math.min(thrown.waitMilliseconds ?? 0, LONGEST_WAIT);
      await wait(Math.max(own, asked), undefined, { signal }).catch((reason: unknown) => {
        throw stoppedError(reason);
      });
    }
  }
}
