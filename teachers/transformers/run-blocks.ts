import { LimbeckError } from "../../src/errors.ts";
import { BLOCKS_IN_FLIGHT } from "./blocks.ts";
import type { ModelPool } from "./model-pool.ts";
import type { TokenBlock } from "./pack.ts";

export interface RunBlocksOptions {
  /** Opens the sessions at first need. */
  pool: () => Promise<ModelPool>;
  workers: number;
  signal: AbortSignal;
}

/** A block that was run, and a row of numbers for each of its texts. */
export interface BlockRows<Block> {
  block: Block;
  rows: Float32Array;
}

/**
 * Runs a model on blocks, in their order. Making blocks and running them overlap: `BLOCKS_IN_FLIGHT` per worker. A
 * block's arrays are handed over to its worker.
 *
 * @throws LimbeckError `E_ABORTED` after the signal, when the blocks in flight have been yielded.
 */
export async function* runBlocks<Block extends TokenBlock>(
  blocks: AsyncIterable<Block>,
  { pool, workers, signal }: RunBlocksOptions,
): AsyncGenerator<BlockRows<Block>> {
  const inFlight: Promise<BlockRows<Block>>[] = [];
  try {
    for await (const block of blocks) {
      if (signal.aborted) break;
      const sessions = await pool();
      if (inFlight.length >= BLOCKS_IN_FLIGHT * workers) yield await takeOldest(inFlight);
      const running = sessions.encode(block).then((rows) => ({ block, rows }));
      // Its failure is thrown when its turn comes; until then nobody listens.
      running.catch(() => undefined);
      inFlight.push(running);
    }
    while (inFlight.length > 0) yield await takeOldest(inFlight);
  } finally {
    await Promise.allSettled(inFlight);
  }
  if (signal.aborted) throw new LimbeckError("E_ABORTED", "Stopped while labelling.");
}

async function takeOldest<Item>(inFlight: Promise<Item>[]): Promise<Item> {
  const item = await inFlight[0]!;
  void inFlight.shift();
  return item;
}
