import type { LimbeckError } from "../../src/errors.ts";
import type { Journal, Kept } from "../../src/labels/journal.ts";
import type { IdentifiedText, Outlay, TeacherAnswer } from "../../src/types.ts";
import type { Called, Caller } from "./caller.ts";
import { codeLogits, readAlternatives } from "./log-probabilities.ts";
import type { LlmOptions } from "./options.ts";
import { isWell } from "./probe.ts";
import type { PromptParts } from "./prompt.ts";
import { logprobsRequest, votesRequest } from "./requests.ts";
import type { Resolution } from "./resolution.ts";
import { readVote, voteLogits } from "./votes.ts";

export interface AskerOptions {
  caller: Caller;
  options: LlmOptions;
  parts: PromptParts;
  resolution: Resolution;
  journal: Journal;
}

/** An answer that is in the journal. */
export interface KeptAnswer extends Kept {
  answer: TeacherAnswer;
}

/** What an answer says, or why it says nothing. */
type Read = { logits: Float32Array; elsewhere: number } | { reason: string };

const NO_CHOICES = "the answer had no choices";
const NO_LOGPROBS = "the answer had no log-probabilities";
const NO_CODE = "none of the likeliest tokens was the code of a class";
const NO_CLASS = "no answer named a class";

function choicesOf(value: Readonly<Record<string, unknown>>): unknown[] {
  const choices: unknown = value["choices"];
  return Array.isArray(choices) ? choices : [];
}

/** The words of a choice, of chat or completions; null where it has none. */
function wordsOf(choice: unknown): string | null {
  const { message, text } = (choice ?? {}) as { message?: { content?: unknown }; text?: unknown };
  const words = message?.content ?? text;
  return typeof words === "string" ? words : null;
}

/** Asks about texts one by one; every answer, and every payment, is in the journal before it is handed on. */
export class Asker {
  private readonly options: AskerOptions;
  /** Whether the server gives several answers to one call. */
  private several = true;

  constructor(options: AskerOptions) {
    this.options = options;
  }

  /**
   * An answer for a text; a malformed one is asked for once more, and then the text is set aside with the reason.
   *
   * @throws LimbeckError `E_TEACHER` where the server refuses, answers nobody, or the ceiling is reached; `E_DISK`.
   */
  async ask(text: IdentifiedText, signal: AbortSignal): Promise<KeptAnswer> {
    let before: string | null = null;
    for (;;) {
      const { read, paid } =
        this.options.resolution.mode === "logprobs"
          ? await this.askLogprobs(text, signal)
          : await this.askVotes(text, signal);
      if ("logits" in read)
        return await this.keep(
          { id: text.id, logits: read.logits, extras: { elsewhere: read.elsewhere } },
          paid,
        );
      const failed = "final" in read;
      if (before !== null || failed)
        return await this.keep({ id: text.id, reason: read.reason }, paid);
      before = read.reason;
      await this.pay(text.id, paid);
    }
  }

  private async keep(answer: TeacherAnswer, paid: Outlay | null): Promise<KeptAnswer> {
    const whole = paid === null ? answer : { ...answer, paid };
    const { durable } = await this.options.journal.record(
      "logits" in whole ? { ...whole, logits: [...whole.logits] } : whole,
    );
    return { answer: whole, durable };
  }

  private async pay(id: string, paid: Outlay | null): Promise<void> {
    if (paid !== null) await this.options.journal.record({ id, paid });
  }

  private async askLogprobs(
    text: IdentifiedText,
    signal: AbortSignal,
  ): Promise<{ read: Read | { reason: string; final: true }; paid: Outlay | null }> {
    const { caller, resolution, parts } = this.options;
    const request = logprobsRequest(text, this.options, resolution.alternatives);
    const called = await caller.call(request, signal, (paid) => this.pay(text.id, paid));
    if (called.kind !== "answer")
      return { read: await this.explain(text.id, called, signal), paid: called.paid };
    const [choice] = choicesOf(called.value);
    if (choice === undefined) return { read: { reason: NO_CHOICES }, paid: called.paid };
    const alternatives = readAlternatives(choice);
    if (alternatives === null) return { read: { reason: NO_LOGPROBS }, paid: called.paid };
    return {
      read: codeLogits(alternatives, parts.codes) ?? { reason: NO_CODE },
      paid: called.paid,
    };
  }

  private async askVotes(
    text: IdentifiedText,
    signal: AbortSignal,
  ): Promise<{ read: Read | { reason: string; final: true }; paid: Outlay | null }> {
    const { caller, options, parts } = this.options;
    const votes: (number | null)[] = [];
    for (;;) {
      const count = this.several ? options.votes - votes.length : 1;
      const request = votesRequest(text, this.options, count);
      const called = await caller.call(request, signal, (paid) => this.pay(text.id, paid));
      if (called.kind === "refused" && count > 1 && refusesSeveral(called)) {
        this.several = false;
        continue;
      }
      if (called.kind !== "answer")
        return { read: await this.explain(text.id, called, signal), paid: called.paid };
      const choices = choicesOf(called.value).slice(0, count);
      if (choices.length === 0) return { read: { reason: NO_CHOICES }, paid: called.paid };
      if (choices.length < count) this.several = false;
      votes.push(...choices.map((choice) => readVote(wordsOf(choice) ?? "", parts)));
      if (votes.length >= options.votes)
        return {
          read: voteLogits(votes, parts.codes.length) ?? { reason: NO_CLASS },
          paid: called.paid,
        };
      await this.pay(text.id, called.paid);
    }
  }

  /** A call without an answer: a reason that may be the text's, or the server's, which ends everything. */
  private async explain(
    id: string,
    called: Exclude<Called, { kind: "answer" }>,
    signal: AbortSignal,
  ): Promise<{ reason: string } | { reason: string; final: true }> {
    const { caller } = this.options;
    if (called.kind === "malformed") return { reason: called.reason };
    if (called.kind === "refused") {
      // 413 and a too long context are about this text alone.
      if (aboutOneText(called))
        return { reason: `refused with HTTP ${called.status}`, final: true };
      throw await this.stop(id, called.paid, caller.refusal(called));
    }
    if (caller.lastAnswer <= called.since) {
      const { well, paid } = await isWell(caller, this.options, signal);
      await this.pay(id, paid);
      if (!well) throw await this.stop(id, called.paid, caller.silence(called.reason));
    }
    return { reason: `no answer (${called.reason})`, final: true };
  }

  private async stop(id: string, paid: Outlay | null, error: LimbeckError): Promise<LimbeckError> {
    await this.pay(id, paid);
    return error;
  }
}

/** A server that gives one answer to a call and says so. */
function refusesSeveral({ status, message, parameter }: Called & { kind: "refused" }): boolean {
  return (status === 400 || status === 422) && (parameter === "n" || /(^|\W)n(\W|$)/.test(message));
}

/** Refusals that other texts need not meet: too long for the model, or held back by a filter. */
function aboutOneText({ status, message }: Called & { kind: "refused" }): boolean {
  const tellsOfText =
    /context.{0,20}(length|size|window)|maximum.{0,20}(context|length)|too (long|many tokens)|exceed.{0,30}(context|tokens)|content.{0,20}(filter|policy|management)|flagged/i;
  return status === 413 || ((status === 400 || status === 422) && tellsOfText.test(message));
}
