import type { DropoutLayer } from "../dropout/contexts.ts";
import { largestMask } from "../dropout/mask-feeds.ts";
import { encodeModel } from "../graph/encode.ts";
import type { Tags } from "../graph/symbols.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
import type { Program, TensorSpec } from "../types.ts";
import { usedInputs } from "./feeds.ts";
import { traceTraining } from "./graphs.ts";

/** All that running a training graph takes, as plain data, so that threads can be given it. */
export interface TrainingPlan {
  model: Uint8Array;
  parameters: readonly { name: string; shape: readonly number[] }[];
  /** Width of the embedding table; null where the program has none. */
  embeddingSize: number | null;
  /** Whether the graph gives the gradient of the gathered rows. */
  learnsEmbedding: boolean;
  inputs: Readonly<Record<string, TensorSpec>>;
  /** Which of the inputs the graph reads. */
  used: readonly string[];
  layers: readonly DropoutLayer[];
  tags: Tags;
  seed: number;
  /** Elements of the largest dropout mask that is expected. */
  largestMask: number;
}

/** Traces a program's training step; `maxTokens` is the largest `B · L` that will come, `frozen` needs no gradient. */
export function planTraining(
  program: Program,
  { seed, maxTokens, frozen }: { seed: number; maxTokens: number; frozen?: ReadonlySet<string> },
): TrainingPlan {
  const { graph, result: layers, tags } = traceTraining(program, frozen);
  return {
    model: encodeModel(graph),
    parameters: program.parameters.map(({ name, shape }) => ({ name, shape })),
    embeddingSize: program.embedding?.size ?? null,
    learnsEmbedding:
      program.embedding !== undefined &&
      graph.outputs.some(({ name }) => name === names.gradient(EMBEDDED)),
    inputs: program.inputs,
    used: usedInputs(graph, program),
    layers,
    tags,
    seed,
    largestMask: largestMask({ layers, tags }, maxTokens),
  };
}
