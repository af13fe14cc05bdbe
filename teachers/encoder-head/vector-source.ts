import type { IdentifiedText } from "../../src/types.ts";
import type { LazyPool } from "../transformers/lazy-pool.ts";
import type { EncodeText } from "../transformers/text-encoder.ts";

/** What an encoder of texts is made of, whether or not it keeps their vectors. */
export interface EncoderParts {
  encodeText: EncodeText;
  pool: LazyPool;
  workers: number;
  /** Whether a text's vector depends on the texts beside it: whole ranges of ids are then cut into blocks. */
  fixed: boolean;
}

/** Vectors of some texts, `[ids.length, D]`. */
export interface VectorBlock {
  ids: string[];
  vectors: Float32Array;
}

/** What gives texts their vectors. */
export interface VectorSource {
  /** Vectors of all texts that are not `known`, each once, in blocks of free order. @throws LimbeckError `E_ABORTED` after the signal. */
  vectors(texts: AsyncIterable<IdentifiedText>, signal: AbortSignal): AsyncIterable<VectorBlock>;
  close(): Promise<void>;
}

/** The wanted texts of a block. */
export function pickTexts(block: VectorBlock, wanted: ReadonlySet<string>): VectorBlock {
  const kept = block.ids.flatMap((id, row) => (wanted.has(id) ? [row] : []));
  if (kept.length === block.ids.length) return block;
  const size = block.vectors.length / block.ids.length;
  const vectors = new Float32Array(kept.length * size);
  kept.forEach((from, row) => {
    vectors.set(block.vectors.subarray(from * size, (from + 1) * size), row * size);
  });
  return { ids: kept.map((row) => block.ids[row]!), vectors };
}
