import { InferenceSession } from "onnxruntime-node";

/** One-thread operators unless told otherwise; nothing spins while it waits, since other runs share the cores. */
export function createSession(model: Uint8Array, threads = 1): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: {
      session: {
        intra_op: { allow_spinning: "0" },
        // Moments of seldom touched weights decay into denormals, which are slow; the process's first session decides.
        set_denormal_as_zero: "1",
      },
    },
  });
}
