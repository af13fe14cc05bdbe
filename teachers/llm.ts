import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../src/errors.ts";
import { ensureDescription } from "../src/labels/description.ts";
import { Journal } from "../src/labels/journal.ts";
import { digestOf } from "../src/platform/digest.ts";
import { explainFileError } from "../src/platform/files.ts";
import type {
  IdentifiedText,
  Teacher,
  TeacherAnswer,
  TeacherContext,
  TeacherKind,
} from "../src/types.ts";
import { askAll } from "./llm/ask-all.ts";
import { Asker } from "./llm/ask-text.ts";
import { Budget } from "./llm/budget.ts";
import { Caller } from "./llm/caller.ts";
import { CLOCK } from "./llm/clock.ts";
import { makeCodes, schemesFor } from "./llm/codes.ts";
import { describeTeacher } from "./llm/describe.ts";
import { estimateOutlay } from "./llm/estimate.ts";
import { checkDescriptions, chooseExamples } from "./llm/examples.ts";
import { llmOptions, type LlmOptions } from "./llm/options.ts";
import { PROBES, readResolution, resolveByProbe } from "./llm/resolve.ts";
import type { ProbeRecord } from "./llm/resolution.ts";
import { providerOf, readKey, serverOf, type Server } from "./llm/server.ts";
import { Throttle } from "./llm/throttle.ts";
import { TokenRule } from "./llm/tokens.ts";
import type { PromptParts } from "./llm/prompt.ts";

/** Nothing leaves the machine unless somebody who may has agreed. */
function refuseAll(): Promise<void> {
  return Promise.reject(
    new LimbeckError(
      "E_USAGE",
      "Expected consent to send texts to another program, got none: pass yes: true, or consent, to run().",
    ),
  );
}

/** Everything about a teacher that is known before the server is asked for anything. */
interface Setting {
  options: LlmOptions;
  context: TeacherContext;
  server: Server;
  parts: Omit<PromptParts, "codes">;
  agree: NonNullable<TeacherContext["agree"]>;
}

function prepare(options: LlmOptions, context: TeacherContext): Setting {
  const { classes } = context;
  const { instruction, descriptions, maxLength } = options;
  checkDescriptions(descriptions, classes);
  const examples = chooseExamples(options.examples, context);
  const parts = { instruction, classes, descriptions, examples, maxLength };
  const agree = context.agree ?? refuseAll;
  return { options, context, server: serverOf(options), parts, agree };
}

function createCaller({ options, context, server }: Setting, rule: TokenRule): Caller {
  const { requestsPerMinute = Infinity, tokensPerMinute = Infinity, timeout } = options;
  return new Caller({
    client: { url: server.url, key: readKey(server, options), timeout: timeout * 1000 },
    options,
    keyVariable: server.keyVariable,
    budget: null,
    throttle: new Throttle({ requestsPerMinute, tokensPerMinute, clock: CLOCK }),
    rule,
    clock: CLOCK,
    random: Math.random,
    report: context.report,
  });
}

/** What the server can do, asked where it is not known yet. */
async function resolve(setting: Setting, caller: Caller): Promise<ProbeRecord> {
  const known = await readResolution(setting);
  if (known !== null) return known;
  const { options, context, server, parts, agree } = setting;
  const classes = parts.classes.length;
  const plan = estimateOutlay(context.corpus ?? [], {
    options,
    server,
    parts: { ...parts, codes: makeCodes(schemesFor(classes)[0]!, classes) },
    mode: options.mode,
    rule: caller.options.rule,
    probes: PROBES,
  });
  return await resolveByProbe(setting, { caller, agree, plan });
}

async function open(options: LlmOptions, context: TeacherContext): Promise<Teacher> {
  const setting = prepare(options, context);
  const { server, agree, parts } = setting;
  const prober = createCaller(setting, new TokenRule(null));
  const { resolution, tokensPerByte, paid } = await resolve(setting, prober);
  const codes = makeCodes(resolution.scheme, parts.classes.length);
  const whole: PromptParts = { ...parts, codes };
  const description = describeTeacher(setting, resolution);
  const digest = digestOf(description);
  const root = join(context.labelsFolder, digest);
  const rule = new TokenRule(tokensPerByte);
  const journals: Journal[] = [];
  const budget = new Budget({
    price: options.price,
    ceiling: options.maxCost ?? null,
    root,
    before: paid,
    own: () => journals.flatMap(({ tokens }) => tokens),
  });
  const caller = new Caller({ ...createCaller(setting, rule).options, budget });
  const estimate = (texts: readonly IdentifiedText[]) =>
    estimateOutlay(texts, {
      options,
      server,
      parts: whole,
      mode: resolution.mode,
      rule,
      probes: 0,
    });
  const label = async function* (
    texts: AsyncIterable<IdentifiedText>,
    signal: AbortSignal,
  ): AsyncGenerator<TeacherAnswer> {
    await agree(estimate(context.corpus ?? []), "again");
    await makeStoreFolder(root, description);
    const journal = await Journal.open(root, options.price?.currency ?? null);
    journals.push(journal);
    const asker = new Asker({ caller, options, parts: whole, resolution, journal });
    try {
      yield* askAll(texts, { asker, concurrency: options.concurrency, signal });
    } finally {
      await journal.close();
    }
  };
  const provider = providerOf(server, options);
  return {
    description,
    digest,
    labels: context.classes,
    capacity: options.concurrency,
    parameters: null,
    bytes: null,
    maxLength: null,
    facts: {
      server: server.name,
      model: options.model,
      ...resolution,
      summary: `${options.model} at ${server.host}, ${resolution.mode === "logprobs" ? "log-probabilities" : `${options.votes} votes`}`,
    },
    files: {},
    extras: ["elsewhere"],
    heldOut: "any",
    ...(provider === null ? {} : { provider }),
    estimate: (texts) => Promise.resolve(estimate(texts)),
    label,
    close: () => Promise.resolve(),
  };
}

/** The journal may be there before the label store is. */
async function makeStoreFolder(root: string, description: Teacher["description"]): Promise<void> {
  try {
    await mkdir(root, { recursive: true });
  } catch (thrown) {
    throw explainFileError(thrown, root);
  }
  await ensureDescription(root, description);
}

/** A language model on a server that speaks the OpenAI protocol: llama.cpp, vLLM, Ollama, hosted ones. */
export const teacher: TeacherKind<LlmOptions> = {
  options: llmOptions,
  sends: true,
  summary: "a language model on a server, asked for the class of each text",
  fingerprint: ({ endpoint, api, model }) =>
    Promise.resolve(digestOf({ server: serverOf({ endpoint, api }).name, model })),
  lexicon: () => Promise.resolve(null),
  open,
  openForTiming: () => Promise.resolve(null),
};
