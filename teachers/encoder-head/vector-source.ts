import type { IdentifiedText } from "../../src/types.ts";

/** Vectors of some texts, `[ids.length, D]`. */
export interface VectorBlock {
  ids: string[];
  vectors: Float32Array;
}

/** What gives texts their vectors. */
export interface VectorSource {
  /** Vectors of all texts, each once, in blocks of free order. @throws LimbeckError `E_ABORTED` after the signal. */
  vectors(texts: AsyncIterable<IdentifiedText>, signal: AbortSignal): AsyncIterable<VectorBlock>;
  close(): Promise<void>;
}
