import type { CodeScheme } from "./codes.ts";
import type { Outlay } from "../../src/types.ts";

/** What a server can do, as found out once: part of the teacher's description. */
export interface Resolution {
  mode: "logprobs" | "votes";
  scheme: CodeScheme;
  /** Likeliest tokens that are told; 0 where answers are counted. */
  alternatives: number;
}

/** The same with what finding it out has told and cost besides. */
export interface ProbeRecord {
  schema: "limbeck.server/1";
  resolution: Resolution;
  /** Null where the server does not count. */
  tokensPerByte: number | null;
  paid: Outlay;
  at: string;
}
