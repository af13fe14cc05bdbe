import { messageOf } from "../../../src/errors.ts";

/** The reason beneath fetch's "fetch failed". */
export function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const { code } = (cause ?? thrown ?? {}) as { code?: unknown };
  return typeof code === "string" ? `no connection (${code})` : messageOf(cause ?? thrown);
}

/** Aborts its signal when it has not been told for so long that the other side is alive. */
export function watchIdle(milliseconds: number): {
  signal: AbortSignal;
  alive: () => void;
  done: () => void;
} {
  const controller = new AbortController();
  const reason = new Error(`nothing sent for ${Math.round(milliseconds / 1000)} seconds`);
  const timer = setTimeout(() => {
    controller.abort(reason);
  }, milliseconds);
  return {
    signal: controller.signal,
    alive: () => void timer.refresh(),
    done: () => {
      clearTimeout(timer);
    },
  };
}
