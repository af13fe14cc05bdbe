import type { LlmOptions } from "./options.ts";
import { PROMPT_FORMAT, type PromptParts } from "./prompt.ts";
import type { Resolution } from "./resolution.ts";
import type { Server } from "./server.ts";

/**
 * Everything that changes a logit, and nothing that is secret: examples stand with their ids, which are hashes of them.
 *
 * @param resolution - null: what the probe has not found out yet
 */
export function describeTeacher(
  {
    options,
    server,
    parts,
  }: { options: LlmOptions; server: Server; parts: Omit<PromptParts, "codes"> },
  resolution: Resolution | null,
): Record<string, unknown> {
  const { model, api, request, votes, temperature, answerTokens } = options;
  const { instruction, descriptions, examples, maxLength, classes } = parts;
  const counted = { votes, temperature, answerTokens };
  return {
    kind: "llm",
    format: 1,
    labels: classes,
    server: server.name,
    model,
    api,
    request,
    answers: resolution ?? { mode: options.mode },
    ...(resolution?.mode === "logprobs" ? {} : { counted }),
    prompt: {
      format: PROMPT_FORMAT,
      instruction,
      descriptions,
      examples: examples.map(({ id, label }) => ({ id, label: classes[label] })),
      maxLength,
    },
  };
}
