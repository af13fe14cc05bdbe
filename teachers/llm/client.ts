import { redact } from "../../src/platform/secret.ts";
import { readRetryAfter } from "./retry-after.ts";

/** What one call came to. */
export type Outcome =
  | { kind: "answer"; value: Record<string, unknown> }
  /** 429 or 503: nobody should ask for a while. */
  | { kind: "busy"; reason: string; wait: number | null }
  /** Worth trying again. `maybePaid`: the request was sent, and nobody said that it was not worked on. */
  | { kind: "failed"; reason: string; maybePaid: boolean }
  /** A whole answer that cannot be used. */
  | { kind: "malformed"; reason: string }
  /** Asking again would change nothing. */
  | { kind: "refused"; status: number; message: string; parameter: string | null };

export interface ClientOptions {
  /** The whole address that is posted to. */
  url: string;
  key: string | null;
  /** Milliseconds for a whole answer, from the first byte sent to the last one read. */
  timeout: number;
}

/** Errors of a connection that never came about: nothing was sent. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const LONGEST_MESSAGE = 300;

type Json = Record<string, unknown>;
const isMapping = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parse(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isMapping(value) ? value : null;
  } catch {
    return null;
  }
}

/** `{ error: { message, param, code } }`, `{ error: "…" }`, `{ message }`, `{ detail }`, or the text itself. */
function readError(text: string): { message: string; parameter: string | null; code: string } {
  const value = parse(text);
  const error = value?.["error"] ?? value;
  const inner = isMapping(error) ? error : {};
  const said = [error, inner["message"], inner["detail"]].find((one) => typeof one === "string");
  const { param, code, type } = inner;
  return {
    message: typeof said === "string" ? said : text,
    parameter: typeof param === "string" ? param : null,
    code: `${typeof code === "string" ? code : ""} ${typeof type === "string" ? type : ""}`,
  };
}

/** One line, not too long, without the key. */
function sayOf(text: string, key: string | null): string {
  const line = redact(text, key).replaceAll(/\s+/g, " ").trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

function explainThrown(thrown: unknown, timeout: number): Outcome {
  const error = thrown as {
    name?: string;
    message?: string;
    cause?: { code?: string; message?: string };
  } | null;
  if (error?.name === "AbortError") {
    return {
      kind: "failed",
      reason: `no whole answer within ${timeout / 1000} s`,
      maybePaid: true,
    };
  }
  const { code = "", message = error?.message ?? "" } = error?.cause ?? {};
  // A body that ends too early is only "terminated".
  const broken =
    ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(code) ||
    /^terminated/.test(error?.message ?? "");
  return {
    kind: "failed",
    reason: broken ? "the connection broke off" : `no connection (${code || message})`,
    maybePaid: !NOT_SENT.has(code),
  };
}

function explainStatus(response: Response, text: string, key: string | null): Outcome {
  const { status, headers } = response;
  const error = readError(text);
  const message = sayOf(error.message, key) || response.statusText;
  const spent = /insufficient_quota|billing/i.test(error.code);
  if ((status === 429 || status === 503) && !spent) {
    return { kind: "busy", reason: `HTTP ${status}`, wait: readRetryAfter(headers, Date.now()) };
  }
  if (status === 408 || status >= 500)
    return { kind: "failed", reason: `HTTP ${status}`, maybePaid: false };
  if (status >= 300 && status < 400) {
    // Texts go to whom they were meant for, and nowhere else.
    const target = sayOf(headers.get("location") ?? "another place", key);
    return { kind: "refused", status, message: `a redirect to ${target}`, parameter: null };
  }
  return { kind: "refused", status, message, parameter: error.parameter };
}

/** Posts one request and reads its answer. Never throws: whatever happens is an outcome. The key is in none of them. */
export async function post(
  body: Readonly<Record<string, unknown>>,
  { url, key, timeout }: ClientOptions,
): Promise<Outcome> {
  let response: Response;
  let text: string;
  // Not AbortSignal.timeout, whose timer outlives its call: hundreds of calls a second would pile up.
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort();
  }, timeout);
  try {
    response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
      signal: deadline.signal,
    });
    text = await response.text();
  } catch (thrown) {
    return explainThrown(thrown, timeout);
  } finally {
    clearTimeout(timer);
  }
  if (response.status !== 200) return explainStatus(response, text, key);
  const value = parse(text);
  return value === null
    ? { kind: "malformed", reason: "the answer was no JSON object" }
    : { kind: "answer", value };
}
