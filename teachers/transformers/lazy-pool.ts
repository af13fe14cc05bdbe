import { ModelPool } from "./model-pool.ts";
import type { AnySessionOptions } from "./open-session.ts";

/** Sessions that are opened at first need: where every answer is in the store, none is ever loaded. */
export interface LazyPool {
  open: () => Promise<ModelPool>;
  close: () => Promise<void>;
}

/**
 * A pool of a model's sessions, one per worker.
 *
 * @param batch - most texts per forward pass
 */
export function lazyPool(
  session: AnySessionOptions,
  { workers, batch }: { workers: number; batch: number },
): LazyPool {
  let opened: Promise<ModelPool> | null = null;
  return {
    open: () => (opened ??= ModelPool.open(session, workers, batch)),
    close: async () => (await opened?.catch(() => null))?.close(),
  };
}
