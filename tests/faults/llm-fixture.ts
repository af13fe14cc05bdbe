import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { LlmServer, type Asked, type ServerSettings } from "./llm-server.ts";

export const KEY = "sk-limbeck-0123456789abcdefghijklmnop";

/** Calls about texts, the probe about a class's name left out. */
export const isText = ({ text }: Asked): boolean => text.startsWith("text number");
export const textCalls = (of: LlmServer): Asked[] => of.calls.filter(isText);

/** What a test has for itself. */
export interface LlmFixture {
  readonly folder: string;
  /** The server that was started last. @throws where none was */
  readonly server: LlmServer;
  start(settings?: ServerSettings): Promise<LlmServer>;
}

/** Gives every test of the calling file an empty folder and, once it starts one, a server; both go when it ends. */
export function useLlmFixture(): LlmFixture {
  let folder = "";
  let server: LlmServer | null = null;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "limbeck-llm-"));
  });
  afterEach(async () => {
    delete process.env["OPENAI_API_KEY"];
    await server?.stop();
    server = null;
    await rm(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    get server() {
      if (server === null) throw new Error("Expected a server that was started.");
      return server;
    },
    async start(settings = {}) {
      server = await LlmServer.start(settings);
      return server;
    },
  };
}
