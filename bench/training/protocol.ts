import type { ModelSpec, PeerOptimizer } from "./works.ts";

/** How our side uses the cores; what is absent is the engine's default. */
export interface Mode {
  threads?: number;
  shards?: number;
  workers?: number;
}

/** What both sides are told about a training. */
interface OpenCommon {
  do: "open";
  id: string;
  model: ModelSpec;
  batch: number;
  /** Used where there are no texts: random ones of this length. */
  length: number;
  /** A folder of texts, see `texts.ts`. */
  texts?: string;
  weightDecay: number;
  clipNorm?: number;
}
export interface OpenOurs extends OpenCommon {
  mode: Mode;
}
export interface OpenPeer extends OpenCommon {
  optimizer: PeerOptimizer;
  threads: number;
  /** A safetensors file that our side saved. */
  weights?: string;
  /** Whether the LSTM skips padding (packed sequences), as ours does; slower than computing it. */
  packed?: boolean;
}

/** Everything that a side can be asked; one line of JSON each. */
export type SideRequest =
  | OpenOurs
  | OpenPeer
  | { do: "steps"; id: string; count: number }
  | { do: "epoch"; id: string }
  | { do: "gradients"; id: string; path: string }
  | { do: "save"; id: string; path: string }
  | { do: "profile" }
  | { do: "close"; id: string };

export interface Timing {
  seconds: number;
  /** Of all the process's threads. */
  cpuSeconds: number;
  steps: number;
  losses: number[];
}
