import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "./throttle.ts";

/** Time as it passes. */
export const CLOCK: Clock = {
  now: () => performance.now(),
  async sleep(milliseconds, signal) {
    await wait(milliseconds, undefined, { signal });
  },
};
