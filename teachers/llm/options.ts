import { z } from "zod";

/** Where it cannot be a base URL: no credentials in files, nothing that gets lost when a path is added. */
function endpointProblem(text: string): string | null {
  if (!URL.canParse(text)) return "a base URL such as http://localhost:8080/v1";
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) return "a base URL such as http://localhost:8080/v1";
  if (url.username !== "" || url.password !== "")
    return "a URL without a name or password: the key comes from the environment";
  return url.search === "" && url.hash === "" ? null : "a base URL without ? or #";
}

const price = z.strictObject({
  input: z.number().min(0).describe("price of a million tokens of the prompt"),
  output: z.number().min(0).describe("price of a million tokens of the answer"),
  currency: z.string().min(1).default("USD").describe("in which money is counted"),
});

const whole = (least: number) => z.int().min(least);

export const llmOptions = z
  .strictObject({
    endpoint: z
      .string()
      .superRefine((text, context) => {
        const message = endpointProblem(text);
        if (message !== null) context.addIssue({ code: "custom", message });
      })
      .describe("base URL of a server that speaks the OpenAI protocol: http://localhost:8080/v1"),
    model: z.string().min(1).describe("the model's name on that server"),
    api: z
      .enum(["chat", "completions"])
      .default("chat")
      .describe("chat = /chat/completions, completions = /completions"),
    mode: z
      .enum(["auto", "logprobs", "votes"])
      .default("auto")
      .describe(
        "log-probabilities of the classes' codes, or several answers counted; auto = the first where the server gives it",
      ),
    apiKeyVariable: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable")
      .optional()
      .describe(
        "environment variable that holds the key, OPENAI_API_KEY where not given; the key stands nowhere else",
      ),
    instruction: z
      .string()
      .min(1)
      .default("Classify the text into exactly one of the classes below.")
      .describe("what the model is told to do, before the list of classes"),
    descriptions: z
      .record(z.string(), z.string().min(1))
      .default({})
      .describe("what each class means, by its name; classes without stand with their name alone"),
    examples: z
      .union([
        whole(0),
        z.array(z.strictObject({ text: z.string().min(1), label: z.string().min(1) })).min(1),
      ])
      .default(0)
      .describe(
        "solved texts in the prompt: how many of each class from the labelled texts, or a list",
      ),
    maxLength: whole(16).default(4000).describe("longest text in characters; the rest is not sent"),
    votes: whole(1).max(128).default(5).describe("answers per text where they are counted"),
    temperature: z
      .number()
      .min(0)
      .max(2)
      .default(1)
      .describe("of the answers that are counted; log-probabilities are asked for at 1"),
    answerTokens: whole(1)
      .default(16)
      .describe(
        "longest answer in tokens where answers are counted; models that think aloud need more",
      ),
    request: z
      .record(z.string(), z.json())
      .default({})
      .describe(
        "further fields of the request, such as { reasoning_effort: low }; null takes one away",
      ),
    concurrency: whole(1).max(1024).default(8).describe("calls at a time"),
    requestsPerMinute: whole(1)
      .optional()
      .describe("most calls in any minute; no limit where not given"),
    tokensPerMinute: whole(1)
      .optional()
      .describe("most tokens, prompts and answers, in any minute; no limit where not given"),
    timeout: z.number().positive().max(290).default(60).describe("seconds for a whole answer"),
    retries: whole(0)
      .max(100)
      .default(8)
      .describe("how often a call is repeated after an error of server or network"),
    backoff: z
      .number()
      .positive()
      .max(60)
      .default(0.5)
      .describe(
        "seconds to wait at most before the first repetition; doubled each time, up to a minute",
      ),
    price: price.optional().describe("what the provider takes, for the cost and its ceiling"),
    maxCost: z
      .number()
      .positive()
      .optional()
      .describe(
        "ceiling of what all answers in the label store may have cost, in the price's currency",
      ),
    provider: z
      .strictObject({ name: z.string().min(1), url: z.string().min(1) })
      .optional()
      .describe(
        "whose terms apply to the answers, for the model card; the endpoint's host where not given",
      ),
  })
  .superRefine(({ maxCost, price: given }, context) => {
    if (maxCost === undefined || given !== undefined) return;
    const message = "given together with price: { input, output }, per million tokens";
    context.addIssue({ code: "custom", path: ["maxCost"], message });
  });

export type LlmOptions = z.output<typeof llmOptions>;
