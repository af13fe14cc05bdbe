import { readSecret } from "../../src/platform/secret.ts";
import type { LlmOptions } from "./options.ts";

const DEFAULT_VARIABLE = "OPENAI_API_KEY";

/** The server that an endpoint names. */
export interface Server {
  /** Address that requests are posted to. */
  url: string;
  /** Host and path of the base URL: what tells one server from another. */
  name: string;
  host: string;
  /** Whether it runs on this machine. */
  local: boolean;
  keyVariable: string;
}

function isLocal(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    hostname === "0.0.0.0" ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}

/** Reads the endpoint: a base URL without a path gets `/v1`. */
export function serverOf({
  endpoint,
  api,
  apiKeyVariable,
}: Pick<LlmOptions, "endpoint" | "api" | "apiKeyVariable">): Server {
  const base = new URL(endpoint);
  const path = base.pathname.replace(/\/+$/, "");
  const root = path === "" ? "/v1" : path;
  return {
    url: `${base.origin}${root}/${api === "chat" ? "chat/completions" : "completions"}`,
    name: `${base.host}${root}`,
    host: base.host,
    local: isLocal(base.hostname),
    keyVariable: apiKeyVariable ?? DEFAULT_VARIABLE,
  };
}

/**
 * The key for a server, from the environment and nowhere else; null where there is none. A key that the recipe does not
 * name is not sent unencrypted to another machine: it was meant for somebody else.
 *
 * @throws LimbeckError `E_USAGE` where the variable holds what cannot be a key.
 */
export function readKey(
  server: Server,
  { apiKeyVariable }: Pick<LlmOptions, "apiKeyVariable">,
): string | null {
  const safe = server.local || server.url.startsWith("https:");
  return apiKeyVariable !== undefined || safe ? readSecret(server.keyVariable) : null;
}

const KNOWN: Readonly<Record<string, { name: string; url: string }>> = {
  "api.openai.com": { name: "OpenAI", url: "https://openai.com/policies/" },
  "api.mistral.ai": { name: "Mistral AI", url: "https://mistral.ai/terms" },
  "api.groq.com": { name: "Groq", url: "https://groq.com/terms-of-use" },
  "api.together.xyz": { name: "Together AI", url: "https://www.together.ai/terms-of-service" },
  "openrouter.ai": { name: "OpenRouter", url: "https://openrouter.ai/terms" },
};

/** Whose terms apply to the answers; none where the model runs on this machine. */
export function providerOf(
  server: Server,
  { provider }: Pick<LlmOptions, "provider">,
): { name: string; url: string } | null {
  if (provider !== undefined) return provider;
  if (server.local) return null;
  return KNOWN[server.host] ?? { name: server.host, url: new URL(server.url).origin };
}
