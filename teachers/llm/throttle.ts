/** Time as it is, or as a test makes it pass. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** @throws whatever the signal was aborted with */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** A call that was let through. */
interface Admitted {
  at: number;
  tokens: number;
}

export interface ThrottleOptions {
  requestsPerMinute: number;
  tokensPerMinute: number;
  clock: Clock;
}

const MINUTE = 60_000;

/**
 * Lets calls through, first come first served: never more requests or tokens in any 60 seconds than there may be, and
 * none while the server has asked for a pause.
 */
export class Throttle {
  private readonly options: ThrottleOptions;
  private readonly window: Admitted[] = [];
  private tokens = 0;
  private pausedUntil = -Infinity;
  private turn: Promise<void> = Promise.resolve();

  constructor(options: ThrottleOptions) {
    this.options = options;
  }

  /** Nobody is let through for so long, nor before what was asked for earlier. */
  pause(milliseconds: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.options.clock.now() + milliseconds);
  }

  /**
   * Waits for the turn of a call.
   *
   * @param tokens - what it is expected to take, prompt and answer; more than a minute's allowance waits for an empty minute
   * @returns corrects that number once it is known
   */
  async admit(tokens: number, signal: AbortSignal): Promise<(actual: number) => void> {
    const before = this.turn;
    let done = (): void => undefined;
    this.turn = new Promise((resolve) => (done = resolve));
    try {
      await before;
      for (let wait = this.waitFor(tokens); wait > 0; wait = this.waitFor(tokens))
        await this.options.clock.sleep(wait, signal);
      signal.throwIfAborted();
      return this.enter(tokens);
    } finally {
      done();
    }
  }

  private enter(tokens: number): (actual: number) => void {
    const entry = { at: this.options.clock.now(), tokens };
    // Without limits nobody looks back.
    if (!this.limited()) return () => undefined;
    this.window.push(entry);
    this.tokens += tokens;
    return (actual) => {
      if (this.window.includes(entry)) this.tokens += actual - entry.tokens;
      entry.tokens = actual;
    };
  }

  private limited(): boolean {
    const { requestsPerMinute, tokensPerMinute } = this.options;
    return Number.isFinite(requestsPerMinute) || Number.isFinite(tokensPerMinute);
  }

  /** Milliseconds until a call of so many tokens may go; 0 where it may go now. */
  private waitFor(tokens: number): number {
    const now = this.options.clock.now();
    if (now < this.pausedUntil) return this.pausedUntil - now;
    while (this.window.length > 0 && this.window[0]!.at <= now - MINUTE)
      this.tokens -= this.window.shift()!.tokens;
    const { requestsPerMinute, tokensPerMinute } = this.options;
    const full =
      this.window.length >= requestsPerMinute ||
      (this.window.length > 0 && this.tokens + tokens > tokensPerMinute);
    return full ? this.window[0]!.at + MINUTE - now : 0;
  }
}
