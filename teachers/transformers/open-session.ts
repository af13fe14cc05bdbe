import { EncoderSession, type SessionOptions } from "./encoder-session.ts";
import { LogitsSession, type LogitsOptions } from "./logits-session.ts";
import type { TokenBlock } from "./pack.ts";

/** A model that turns texts into vectors, `[texts, D]`, or into logits, `[texts, C]`. */
export interface ModelSession {
  /** At most `batch` texts at a time, in the order given. */
  encode(block: TokenBlock, batch: number): Promise<Float32Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export type AnySessionOptions = SessionOptions | LogitsOptions;

/** @throws LimbeckError `E_TEACHER` when the model does not load or lacks the output. */
export function openSession(options: AnySessionOptions): Promise<ModelSession> {
  return options.output === "logits" ? LogitsSession.load(options) : EncoderSession.load(options);
}
