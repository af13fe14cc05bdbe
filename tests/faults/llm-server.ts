import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** What the server does with one call. */
export type Behaviour =
  | "good"
  | "hang"
  | "half a body"
  | "wrong JSON"
  | "wrong classes"
  | "empty choices"
  | "slow drip"
  | "reset"
  | "no logprobs"
  | { status: number; retryAfter?: string; body?: unknown };

/** What a call says, as far as the server cares. */
export interface Asked {
  text: string;
  body: {
    model: string;
    messages?: { role: string; content: string }[];
    prompt?: string;
    n?: number;
    logprobs?: boolean | number;
    top_logprobs?: number;
    temperature: number;
  };
  headers: IncomingMessage["headers"];
  path: string;
  /** How often this text was asked about before. */
  times: number;
}

export interface ServerSettings {
  /** Default: every call gets a good answer. */
  behave?: (asked: Asked) => Behaviour;
  /** Milliseconds before an answer. */
  latency?: number;
  host?: string;
  /** Whether `n` gives several answers. */
  several?: boolean;
  /** Words of the i-th answer where answers are counted; default the right code. */
  words?: (asked: Asked, right: string, index: number) => string;
  /** What a token costs: 100 tokens in, 1 out per answer where not given. */
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
}

/** The text between the last marks of a prompt. */
function textOf(prompt: string): string {
  return (
    /<text>\n([\s\S]*)\n<\/text>(?:\nCode:)?$/.exec(
      prompt.slice(prompt.lastIndexOf("<text>")),
    )?.[1] ?? ""
  );
}

/** Codes in the order of the classes, as the prompt lists them. */
function codesOf(prompt: string): string[] {
  return [...prompt.matchAll(/^([A-Z0-9]+) = /gm)].map(([, code]) => code!);
}

/** The class that the server thinks right: any function of the text does. */
export function rightClass(text: string, classes: number): number {
  return [...text].reduce((sum, character) => sum + character.codePointAt(0)!, 0) % classes;
}

/** Probability of the right class; the next one gets RUNNER_UP, a word that is no code the rest. */
export const RIGHT = 0.7;
export const RUNNER_UP = 0.2;

/** A local server that speaks the OpenAI protocol as badly as it is told to, and counts what it was asked. */
export class LlmServer {
  /** Every call, in order. */
  readonly calls: Asked[] = [];
  /** Texts by how often a whole good answer was sent. */
  readonly answered = new Map<string, number>();
  /** Most calls at a time. */
  mostInFlight = 0;
  readonly settings: ServerSettings;
  private readonly server: Server;
  private inFlight = 0;
  private readonly times = new Map<string, number>();

  private constructor(settings: ServerSettings) {
    this.settings = settings;
    this.server = createServer((request, response) => {
      void this.handle(request, response);
    });
  }

  static async start(settings: ServerSettings = {}): Promise<LlmServer> {
    const own = new LlmServer(settings);
    await new Promise<void>((resolve) =>
      own.server.listen(0, settings.host ?? "127.0.0.1", resolve),
    );
    return own;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** Calls about this text. */
  asked(text: string): number {
    return this.times.get(text) ?? 0;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let content = "";
    for await (const chunk of request) content += String(chunk);
    const body = JSON.parse(content) as Asked["body"];
    const prompt = body.prompt ?? body.messages!.at(-1)!.content;
    const text = textOf(prompt);
    const times = this.times.get(text) ?? 0;
    this.times.set(text, times + 1);
    const asked = { text, body, headers: request.headers, path: request.url!, times };
    this.calls.push(asked);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      if (this.settings.latency !== undefined) await wait(this.settings.latency);
      await this.answer(asked, this.settings.behave?.(asked) ?? "good", response);
    } finally {
      this.inFlight -= 1;
    }
  }

  private async answer(
    asked: Asked,
    behaviour: Behaviour,
    response: ServerResponse,
  ): Promise<void> {
    if (typeof behaviour === "object") {
      const { status, retryAfter, body = { error: { message: `no ${status} today` } } } = behaviour;
      const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
      response.writeHead(status, headers).end(JSON.stringify(body));
      return;
    }
    const whole = JSON.stringify(this.compose(asked, behaviour));
    switch (behaviour) {
      case "hang":
        return;
      case "reset":
        response.socket?.resetAndDestroy();
        return;
      case "half a body":
        response.writeHead(200, { "content-length": whole.length });
        response.write(whole.slice(0, whole.length / 2));
        response.socket?.end();
        return;
      case "slow drip":
        response.writeHead(200);
        for (const character of whole) {
          if (response.destroyed) return;
          response.write(character);
          await wait(20);
        }
        response.end();
        return;
      case "wrong JSON":
        response.writeHead(200).end(`${whole.slice(0, -20)} so there`);
        return;
      default:
        await new Promise<void>((resolve) => response.writeHead(200).end(whole, resolve));
        if (behaviour === "good")
          this.answered.set(asked.text, (this.answered.get(asked.text) ?? 0) + 1);
    }
  }

  private compose(asked: Asked, behaviour: Behaviour & string): unknown {
    const { body, path } = asked;
    const { usage = { prompt_tokens: 100, completion_tokens: 1 }, several = true } = this.settings;
    const codes = codesOf(body.prompt ?? body.messages![0]!.content);
    const right = rightClass(asked.text, codes.length);
    const count = several ? (body.n ?? 1) : 1;
    const chat = path.endsWith("/chat/completions");
    const choices = Array.from(
      { length: behaviour === "empty choices" ? 0 : count },
      (_, index) => {
        const word = this.settings.words?.(asked, codes[right]!, index) ?? codes[right]!;
        const words = behaviour === "wrong classes" ? "maybe" : word;
        const logprobs =
          asksLogprobs(body) && behaviour !== "no logprobs"
            ? this.logprobs(asked, codes, behaviour, chat)
            : null;
        return chat
          ? {
              index,
              message: { role: "assistant", content: words },
              logprobs,
              finish_reason: "length",
            }
          : { index, text: ` ${words}`, logprobs, finish_reason: "length" };
      },
    );
    return {
      id: "x",
      object: "answer",
      model: body.model,
      choices,
      ...(usage === null ? {} : { usage }),
    };
  }

  private logprobs(
    asked: Asked,
    codes: readonly string[],
    behaviour: Behaviour,
    chat: boolean,
  ): unknown {
    const right = rightClass(asked.text, codes.length);
    const space = chat ? "" : " ";
    const alternatives =
      behaviour === "wrong classes"
        ? ([["maybe", 0.9]] as const)
        : ([
            [`${space}${codes[right]!}`, RIGHT],
            [`${space}${codes[(right + 1) % codes.length]!}`, RUNNER_UP],
            ["The", 1 - RIGHT - RUNNER_UP],
          ] as const);
    const top = alternatives.map(([token, mass]) => ({
      token,
      logprob: Math.log(mass),
      bytes: null,
    }));
    if (chat) return { content: [{ ...top[0], top_logprobs: top }] };
    return {
      tokens: [top[0]!.token],
      token_logprobs: [top[0]!.logprob],
      top_logprobs: [Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))],
    };
  }
}

function asksLogprobs({ logprobs }: Asked["body"]): boolean {
  return logprobs === true || typeof logprobs === "number";
}
