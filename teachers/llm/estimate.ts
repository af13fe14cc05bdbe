import type { IdentifiedText, OutlayPlan } from "../../src/types.ts";
import type { LlmOptions } from "./options.ts";
import type { PromptParts } from "./prompt.ts";
import { logprobsRequest, votesRequest } from "./requests.ts";
import type { Server } from "./server.ts";
import { moneyFor, type TokenRule } from "./tokens.ts";

export interface EstimateOptions {
  options: LlmOptions;
  server: Server;
  parts: PromptParts;
  /** How answers are had; `auto` counts the dearer way. */
  mode: LlmOptions["mode"];
  rule: TokenRule;
  /** Calls that find out what the server can do. */
  probes: number;
}

/**
 * What asking about these texts sends and costs at most, errors and their repetition aside: a call for each text, or one
 * for each vote; tokens of the prompt by its bytes of UTF-8 (a quarter each, or as the server has counted before), of
 * the answers by the longest there may be.
 */
export function estimateOutlay(
  texts: readonly IdentifiedText[],
  { options, server, parts, mode, rule, probes }: EstimateOptions,
): OutlayPlan {
  const perText = mode === "logprobs" ? 1 : options.votes;
  const settings = { options, parts };
  const empty = { id: "", text: "" };
  const { prompt, outputTokens } =
    mode === "logprobs" ? logprobsRequest(empty, settings, 20) : votesRequest(empty, settings, 1);
  const sizes = texts.map(({ text }) => ({
    bytes: prompt.bytes + Math.min(Buffer.byteLength(text), 4 * parts.maxLength),
    messages: prompt.messages,
  }));
  const asked = sizes.reduce((sum, size) => sum + rule.estimate(size), 0) * perText;
  const tokens = {
    inputTokens: asked + probes * rule.estimate(prompt),
    outputTokens: (texts.length * perText + probes) * outputTokens,
  };
  return {
    texts: texts.length,
    calls: texts.length * perText + probes,
    ...tokens,
    money: moneyFor(options.price, tokens),
    currency: options.price?.currency ?? "USD",
    recipient: server.host,
    local: server.local,
    ceiling: options.maxCost ?? null,
  };
}
