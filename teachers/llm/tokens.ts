import type { Outlay } from "../../src/types.ts";
import type { LlmOptions } from "./options.ts";

/** Bytes of UTF-8 per token where nothing better is known: about right for English in common tokenizers. */
const BYTES_PER_TOKEN = 4;
/** What a chat's markup adds to each message. */
const TOKENS_PER_MESSAGE = 4;

/** Tokens of prompts by their bytes; learns from what the server counts. */
export class TokenRule {
  private bytes: number;
  private tokens: number;

  /** @param known - tokens per byte as measured before; null: 1/4 */
  constructor(known: number | null) {
    // As if ten kilobytes had been seen, so that one odd prompt does not turn the rule over.
    this.bytes = 10_000;
    this.tokens = 10_000 * (known ?? 1 / BYTES_PER_TOKEN);
  }

  get tokensPerByte(): number {
    return this.tokens / this.bytes;
  }

  estimate(prompt: { bytes: number; messages: number }): number {
    return Math.ceil(prompt.bytes * this.tokensPerByte) + TOKENS_PER_MESSAGE * prompt.messages;
  }

  /** The server has counted a prompt. */
  learn(prompt: { bytes: number; messages: number }, tokens: number): void {
    this.bytes += prompt.bytes;
    this.tokens += Math.max(0, tokens - TOKENS_PER_MESSAGE * prompt.messages);
  }
}

/** Money for tokens; null where no price is known. */
export function moneyFor(
  price: LlmOptions["price"],
  tokens: { inputTokens: number; outputTokens: number },
): number | null {
  if (price === undefined) return null;
  return (tokens.inputTokens * price.input + tokens.outputTokens * price.output) / 1e6;
}

/** What a response says that it took; null where it does not. */
export function readUsage(
  value: Readonly<Record<string, unknown>>,
): { inputTokens: number; outputTokens: number } | null {
  const usage = value["usage"] as Record<string, unknown> | null | undefined;
  const inputTokens = usage?.["prompt_tokens"];
  const outputTokens = usage?.["completion_tokens"];
  const count = (tokens: unknown): tokens is number =>
    typeof tokens === "number" && Number.isFinite(tokens) && tokens >= 0;
  return count(inputTokens) && count(outputTokens) ? { inputTokens, outputTokens } : null;
}

/** One call's outlay from its tokens. */
export function callOutlay(
  price: LlmOptions["price"],
  tokens: { inputTokens: number; outputTokens: number },
): Outlay {
  const { inputTokens, outputTokens } = tokens;
  return { calls: 1, inputTokens, outputTokens, money: moneyFor(price, tokens) };
}
