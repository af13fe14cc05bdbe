import { LimbeckError } from "../../src/errors.ts";
import type { Outlay, Report } from "../../src/types.ts";
import type { Budget } from "./budget.ts";
import { post, type ClientOptions, type Outcome } from "./client.ts";
import type { LlmOptions } from "./options.ts";
import type { Request } from "./requests.ts";
import type { Clock, Throttle } from "./throttle.ts";
import { callOutlay, moneyFor, readUsage, type TokenRule } from "./tokens.ts";

export interface CallerOptions {
  client: ClientOptions;
  options: Pick<LlmOptions, "price" | "retries" | "backoff">;
  /** Named in errors where the key is refused. */
  keyVariable: string;
  budget: Budget | null;
  throttle: Throttle;
  rule: TokenRule;
  clock: Clock;
  /** Uniform in `[0, 1)`. */
  random: () => number;
  report: Report;
}

/** A call that came to an end: an answer, or the reason why there is none. */
export type Called = { paid: Outlay | null } & (
  | { kind: "answer"; value: Record<string, unknown> }
  | { kind: "malformed"; reason: string }
  | { kind: "refused"; status: number; message: string; parameter: string | null }
  | { kind: "failed"; reason: string; since: number }
);

/** Told of money that was or may have been spent on a call that is repeated. */
export type OnPaid = (paid: Outlay) => Promise<void>;

const LONGEST_BACKOFF = 60_000;
/** Who is asked to wait longer comes back another time. */
const LONGEST_WAIT = 3_600_000;

/** Calls the server as often as it takes, within rates and ceiling. */
export class Caller {
  readonly options: CallerOptions;
  /** When the server last gave a whole answer, by the clock. */
  lastAnswer = -Infinity;
  private saidWaiting = -Infinity;

  constructor(options: CallerOptions) {
    this.options = options;
  }

  /**
   * Repeats a call after errors of the server or the network, at most `retries` times; while others get answers, being
   * told to wait does not count.
   *
   * @param signal - ends the waiting; a call under way is always waited for, since it is paid
   * @throws LimbeckError `E_TEACHER` where the ceiling is reached or the server asks for more than an hour.
   */
  async call(request: Request, signal: AbortSignal, onPaid: OnPaid): Promise<Called> {
    const { retries } = this.options.options;
    const since = this.options.clock.now();
    for (let tries = 0; ; tries += 1) {
      const { outcome, paid } = await this.ask(request, signal);
      if (outcome.kind === "answer") this.lastAnswer = this.options.clock.now();
      if (outcome.kind !== "busy" && outcome.kind !== "failed") return { ...outcome, paid };
      const patient = outcome.kind === "busy" && this.lastAnswer > since;
      if (tries >= retries && !patient) {
        const reason = `${outcome.reason}, ${tries + 1} times`;
        return { kind: "failed", reason, since, paid };
      }
      if (paid !== null) await onPaid(paid);
      await this.backOff(outcome, tries, signal);
    }
  }

  /** One try, within rates and ceiling. @throws LimbeckError `E_TEACHER` where the ceiling is reached. */
  async ask(
    request: Request,
    signal: AbortSignal,
  ): Promise<{ outcome: Outcome; paid: Outlay | null }> {
    const { budget, throttle, rule, client, options } = this.options;
    const { prompt, outputTokens } = request;
    const expected = { inputTokens: rule.estimate(prompt), outputTokens };
    const correct = await throttle.admit(expected.inputTokens + outputTokens, signal);
    const settle = await budget?.reserve(moneyFor(options.price, expected));
    let paid: Outlay | null = null;
    try {
      signal.throwIfAborted();
      const outcome = await post(request.body, client);
      paid = this.outlayOf(outcome, request, expected);
      correct(paid === null ? 0 : paid.inputTokens + paid.outputTokens);
      return { outcome, paid };
    } finally {
      settle?.(paid?.money ?? null);
    }
  }

  /** What a call has cost: as the server counts, else as expected; also where it may have been worked on unheard. */
  private outlayOf(
    outcome: Outcome,
    { prompt }: Request,
    expected: { inputTokens: number; outputTokens: number },
  ): Outlay | null {
    const { rule, options } = this.options;
    if (outcome.kind === "answer") {
      const usage = readUsage(outcome.value);
      if (usage !== null) rule.learn(prompt, usage.inputTokens);
      return callOutlay(options.price, usage ?? expected);
    }
    const counts = outcome.kind === "malformed" || (outcome.kind === "failed" && outcome.maybePaid);
    return counts ? callOutlay(options.price, expected) : null;
  }

  /** Full jitter (Brooker 2015): uniform between nothing and a bound that doubles. */
  private async backOff(
    outcome: Outcome & { kind: "busy" | "failed" },
    tries: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { options, random, throttle, clock } = this.options;
    const bound = Math.min(LONGEST_BACKOFF, options.backoff * 1000 * 2 ** tries);
    const jitter = random() * bound;
    if (outcome.kind === "failed") {
      await clock.sleep(jitter, signal);
      return;
    }
    const wait = outcome.wait ?? jitter;
    if (wait > LONGEST_WAIT) throw tooLong(wait);
    throttle.pause(wait);
    this.sayWaiting(wait, outcome.reason);
    // After the pause not all at once.
    await clock.sleep(
      wait + (outcome.wait === null ? 0 : random() * options.backoff * 1000),
      signal,
    );
  }

  private sayWaiting(wait: number, reason: string): void {
    const now = this.options.clock.now();
    if (wait < 5000 || now - this.saidWaiting < 30_000) return;
    this.saidWaiting = now;
    const message = `The server asks to wait ${Math.round(wait / 1000)} s (${reason}).`;
    this.options.report({ kind: "note", stage: "label", message });
  }

  /** The error for a call that no repetition would mend. */
  refusal({ status, message }: { status: number; message: string }): LimbeckError {
    const { keyVariable, client } = this.options;
    const { host } = new URL(client.url);
    const said = message === "" ? "" : ` and says: ${message}`;
    const saved = "The answers so far are saved; the same command goes on.";
    const cure =
      status !== 401 && status !== 403
        ? `Mend teacher.model, teacher.endpoint or teacher.request. ${saved}`
        : client.key === null
          ? `Set the environment variable ${keyVariable} to a key that it accepts, or name another with teacher.apiKeyVariable. ${saved}`
          : `The key in the environment variable ${keyVariable} is not accepted: set one that is. ${saved}`;
    return new LimbeckError(
      "E_TEACHER",
      `Expected an answer of ${host}, got HTTP ${status}${said.replace(/[.\s]*$/, "")}. ${cure}`,
    );
  }

  /** The error for a server that answers nobody. */
  silence(reason: string): LimbeckError {
    const { host } = new URL(this.options.client.url);
    return new LimbeckError(
      "E_TEACHER",
      `Expected answers of ${host}, got none: ${reason}. The answers so far are saved: see to the server or the ` +
        "network and give the same command again to go on.",
    );
  }
}

function tooLong(wait: number): LimbeckError {
  const until = new Date(Date.now() + wait).toISOString();
  return new LimbeckError(
    "E_TEACHER",
    `Expected a server that can be asked now, got one that asks to wait until ${until}. The answers so far are saved: ` +
      "give the same command again then.",
  );
}
