import type { IdentifiedText } from "../../src/types.ts";
import type { LlmOptions } from "./options.ts";
import { chatMessages, completionPrompt, type PromptParts } from "./prompt.ts";

/** What is asked of the server about a text. */
export interface Request {
  body: Record<string, unknown>;
  /** Size of the prompt: what its tokens are estimated from. */
  prompt: { bytes: number; messages: number };
  /** Most tokens that may come back, all answers together. */
  outputTokens: number;
}

export interface RequestSettings {
  options: Pick<LlmOptions, "api" | "model" | "temperature" | "answerTokens" | "request">;
  parts: PromptParts;
}

/** Null takes a field away. */
function merge(
  body: Record<string, unknown>,
  more: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ ...body, ...more }).filter(([, value]) => value !== null),
  );
}

function promptOf(
  text: IdentifiedText,
  { options, parts }: RequestSettings,
): { fields: Record<string, unknown>; prompt: Request["prompt"] } {
  if (options.api === "completions") {
    const prompt = completionPrompt(text, parts);
    return { fields: { prompt }, prompt: { bytes: Buffer.byteLength(prompt), messages: 1 } };
  }
  const messages = chatMessages(text, parts);
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  return { fields: { messages }, prompt: { bytes, messages: messages.length } };
}

/**
 * Asks for the log-probabilities of the answer's first token. At temperature 1, so that a server that tempers them
 * leaves them as they are.
 *
 * @param alternatives - how many of the likeliest tokens are told, at most 20 by the protocol
 */
export function logprobsRequest(
  text: IdentifiedText,
  settings: RequestSettings,
  alternatives: number,
): Request {
  const { api, model, request } = settings.options;
  const { fields, prompt } = promptOf(text, settings);
  const asked =
    api === "chat" ? { logprobs: true, top_logprobs: alternatives } : { logprobs: alternatives };
  const body = { model, ...fields, max_tokens: 1, temperature: 1, top_p: 1, ...asked };
  return { body: merge(body, request), prompt, outputTokens: 1 };
}

/** Asks for `count` answers in words; a single one without the parameter `n`, which not every server knows. */
export function votesRequest(
  text: IdentifiedText,
  settings: RequestSettings,
  count: number,
): Request {
  const { model, temperature, answerTokens, request } = settings.options;
  const { fields, prompt } = promptOf(text, settings);
  const body = { model, ...fields, max_tokens: answerTokens, temperature };
  return {
    body: merge(count > 1 ? { ...body, n: count } : body, request),
    prompt,
    outputTokens: answerTokens * count,
  };
}
