import { LimbeckError } from "../errors.ts";

/** Where a queue is, and what opens it. */
export interface QueueAddress {
  host: string;
  port: number;
  database: number;
  tls: boolean;
  username: string | null;
  password: string | null;
}

const DEFAULT_PORT = 6379;

/** Says nothing of what was given but its kind: a URL that cannot be read may hold a password anywhere. */
function refuse(problem: string): LimbeckError {
  return new LimbeckError(
    "E_USAGE",
    `Expected --queue to be redis://host[:port][/database] (rediss:// for TLS), got ${problem}. ` +
      "For example: --queue redis://10.0.0.5:6379",
  );
}

function parseDatabase(path: string): number {
  const text = path.replace(/^\//, "");
  if (text === "") return 0;
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw refuse("a database that is no number");
}

function decode(part: string): string | null {
  try {
    return part === "" ? null : decodeURIComponent(part);
  } catch {
    throw refuse("a user or password with a stray % (write %25)");
  }
}

/**
 * Reads `redis://[[user]:password@]host[:port][/database]`.
 *
 * @param credentials - user and password that count where the URL has none, such as those of the environment
 * @throws LimbeckError `E_USAGE` for anything else; what was given is never repeated.
 */
export function parseQueueAddress(
  url: string,
  credentials: { username?: string | undefined; password?: string | undefined } = {},
): QueueAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw refuse("something that is no URL");
  }
  const { protocol, hostname, port, pathname, search, hash } = parsed;
  if (protocol !== "redis:" && protocol !== "rediss:") throw refuse(`a URL of ${protocol}//`);
  if (hostname === "") throw refuse("a URL without a host");
  if (search !== "" || hash !== "") throw refuse("a URL with parameters behind the database");
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? DEFAULT_PORT : Number(port),
    database: parseDatabase(pathname),
    tls: protocol === "rediss:",
    username: decode(parsed.username) ?? credentials.username ?? null,
    password: decode(parsed.password) ?? credentials.password ?? null,
  };
}

/** The address without user and password: what may stand in logs, errors and commands to copy. */
export function showQueueAddress({ host, port, database, tls }: QueueAddress): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "rediss" : "redis"}://${name}:${port}${database === 0 ? "" : `/${database}`}`;
}
