/**
 * How long a server asks to wait: the header Retry-After in seconds or as an HTTP date (RFC 9110, section 10.2.3),
 * which is held against the server's own clock where it tells it.
 *
 * @param now - milliseconds since 1970, for servers that do not tell
 * @returns milliseconds, 0 or more; null where the server asks nothing
 */
export function readRetryAfter(headers: Headers, now: number): number | null {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const until = Date.parse(value);
  if (value === "" || Number.isNaN(until)) return null;
  const serverNow = Date.parse(headers.get("date") ?? "");
  return Math.max(0, until - (Number.isNaN(serverNow) ? now : serverNow));
}
