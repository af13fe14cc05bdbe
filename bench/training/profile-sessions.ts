import { InferenceSession } from "onnxruntime-node";

const sessions: InferenceSession[] = [];

/**
 * Turns ONNX Runtime's profiler on in every session that this thread creates from now on, without a setting in the
 * engine for it.
 *
 * @param prefix - of the trace files, which the runtime completes with a time and `.json`
 */
export function profileSessions(prefix: string): void {
  const create = InferenceSession.create.bind(InferenceSession) as (
    model: Uint8Array,
    options: InferenceSession.SessionOptions,
  ) => Promise<InferenceSession>;
  const profiling = async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
    const profiled = { ...options, enableProfiling: true, profileFilePrefix: prefix };
    const session = await create(model, profiled);
    sessions.push(session);
    return session;
  };
  Object.assign(InferenceSession, { create: profiling });
}

/** Writes the trace files. */
export function endProfiling(): void {
  for (const session of sessions.splice(0)) session.endProfiling();
}
