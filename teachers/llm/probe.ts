import { LimbeckError } from "../../src/errors.ts";
import { addOutlays, NOTHING_PAID } from "../../src/labels/ledger.ts";
import type { IdentifiedText, Outlay } from "../../src/types.ts";
import type { Caller } from "./caller.ts";
import { makeCodes, schemesFor, type CodeScheme } from "./codes.ts";
import { codeMass, readAlternatives } from "./log-probabilities.ts";
import type { LlmOptions } from "./options.ts";
import type { PromptParts } from "./prompt.ts";
import { logprobsRequest, votesRequest } from "./requests.ts";
import type { Resolution } from "./resolution.ts";

export interface ProbeOptions {
  caller: Caller;
  options: LlmOptions;
  parts: Omit<PromptParts, "codes">;
  signal: AbortSignal;
}

/** Numbers of alternatives that servers allow: the protocol's most, and what older ones stop at. */
const ALTERNATIVES = [20, 5];
/** Share of the probability that must fall on codes for `auto` to rely on them. */
const ENOUGH = 0.5;

type Tried = { mass: { codes: number; beginnings: number } } | "none" | "too many";

/** No text of the user's: a class's name, which the prompt tells anyway. */
export function probeText({ classes }: Pick<PromptParts, "classes">): IdentifiedText {
  return { id: "", text: classes[0]! };
}

const VOTES: Pick<Resolution, "mode" | "alternatives"> = { mode: "votes", alternatives: 0 };

/** Codes for answers that are counted: they may be of any number of tokens. */
export function votesResolution(classes: number): Resolution {
  return { ...VOTES, scheme: schemesFor(classes)[0]! };
}

class Probe {
  paid: Outlay = NOTHING_PAID;
  private readonly options: ProbeOptions;

  constructor(options: ProbeOptions) {
    this.options = options;
  }

  /** Asks about log-probabilities with these codes. */
  async try(scheme: CodeScheme, alternatives: number): Promise<Tried> {
    const { caller, options, parts, signal } = this.options;
    const codes = makeCodes(scheme, parts.classes.length);
    const request = logprobsRequest(
      probeText(parts),
      { options, parts: { ...parts, codes } },
      alternatives,
    );
    const called = await caller.call(request, signal, (paid) => this.pay(paid));
    await this.pay(called.paid);
    if (called.kind === "failed") throw caller.silence(called.reason);
    if (called.kind === "malformed") throw caller.silence(called.reason);
    if (called.kind === "refused") {
      const about = `${called.parameter ?? ""} ${called.message}`;
      const others = called.status === 400 || called.status === 422;
      if (!others || !/logprob/i.test(about)) throw caller.refusal(called);
      return /\d/.test(called.message) ? "too many" : "none";
    }
    const choices = called.value["choices"];
    const found = readAlternatives(Array.isArray(choices) ? choices[0] : undefined);
    return found === null ? "none" : { mass: codeMass(found, codes) };
  }

  private pay(paid: Outlay | null): Promise<void> {
    if (paid !== null) this.paid = addOutlays(this.paid, paid);
    return Promise.resolve();
  }
}

/** The first way that works, or why none does. */
async function findWay(
  probe: Probe,
  classes: number,
  least: number,
): Promise<Resolution | { reason: string }> {
  let alternatives = ALTERNATIVES[0]!;
  let best = 0;
  for (const scheme of schemesFor(classes)) {
    let tried = await probe.try(scheme, alternatives);
    if (tried === "too many") {
      alternatives = ALTERNATIVES[1]!;
      tried = await probe.try(scheme, alternatives);
    }
    if (tried === "too many" || tried === "none") return { reason: "the server gives none" };
    const { codes, beginnings } = tried.mass;
    if (codes >= least && codes > beginnings) return { mode: "logprobs", scheme, alternatives };
    best = Math.max(best, codes);
  }
  const share = `${(best * 100).toFixed(1)} %`;
  return { reason: `only ${share} of the probability fell on codes of classes as single tokens` };
}

/**
 * Finds out with one to four calls whether the server gives log-probabilities and which codes are single tokens to it.
 *
 * @throws LimbeckError `E_TEACHER` where it gives none and the recipe wants no other way, or it refuses or fails.
 */
export async function probeServer(
  options: ProbeOptions,
): Promise<{ resolution: Resolution; paid: Outlay; note: string | null }> {
  const { mode } = options.options;
  const classes = options.parts.classes.length;
  const probe = new Probe(options);
  const way = await findWay(probe, classes, mode === "auto" ? ENOUGH : 0.01);
  if (!("reason" in way)) return { resolution: way, paid: probe.paid, note: null };
  if (mode === "logprobs") {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected log-probabilities of ${options.options.model}, got answers that cannot be used so: ${way.reason}. ` +
        "Count answers instead: teacher.mode: votes.",
    );
  }
  const note = `Log-probabilities cannot be used (${way.reason}): ${options.options.votes} answers per text are counted instead.`;
  return { resolution: votesResolution(classes), paid: probe.paid, note };
}

/** Whether the server answers at all just now. */
export async function isWell(
  caller: Caller,
  { options, parts }: { options: LlmOptions; parts: PromptParts },
  signal: AbortSignal,
): Promise<{ well: boolean; paid: Outlay | null }> {
  const request = votesRequest(probeText(parts), { options, parts }, 1);
  const { outcome, paid } = await caller.ask(request, signal);
  return { well: outcome.kind === "answer", paid };
}
