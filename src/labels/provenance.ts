import { describeEnvironment } from "../platform/environment.ts";
import { describeProcessor } from "../platform/processor.ts";

/**
 * Where rows were computed. Logits are the same bits where both agree; elsewhere they are only close, and are compared
 * by argmax and cosine.
 */
export interface Provenance {
  /** Version of ONNX Runtime, e.g. `onnxruntime-node 1.30.0`; null in shards that do not say. */
  runtime: string | null;
  /** Kind of processor, e.g. `x64 avx2 avx512_vnni`; null in shards that do not say. */
  processor: string | null;
}

let here: { runtime: string; processor: string } | undefined;

/** What rows that are computed now in this process depend on. */
export function provenanceHere(): { runtime: string; processor: string } {
  here ??= {
    runtime: `onnxruntime-node ${describeEnvironment().onnxruntime}`,
    processor: describeProcessor(),
  };
  return here;
}

/** What a shard's metadata says. */
export function provenanceIn(metadata: Readonly<Record<string, string>>): Provenance {
  return { runtime: metadata["runtime"] ?? null, processor: metadata["processor"] ?? null };
}
