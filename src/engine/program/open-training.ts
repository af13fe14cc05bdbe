import { EngineError } from "../errors.ts";
import { ShardedGraph } from "../shards/sharded-graph.ts";
import type { CompileOptions, Program } from "../types.ts";
import { planTraining } from "./training-plan.ts";
import { TrainingGraph } from "./training.ts";
import type { GradientSource } from "./training.ts";

/**
 * Traces a program's training step and prepares it to run, in as many shards as the options say. Threads of shards may
 * still be starting: `ready` waits for them.
 *
 * @throws EngineError `E_SHARDS` if `shards` or `workers` is not a whole number of at least 1, or if an input cannot be
 * split.
 */
export async function openTraining(
  program: Program,
  options: CompileOptions & { frozen: ReadonlySet<string> },
): Promise<GradientSource> {
  const { shards = 1, workers = 1, threads = 1 } = options;
  for (const [name, count] of Object.entries({ shards, workers })) {
    if (Number.isInteger(count) && count >= 1) continue;
    throw new EngineError(
      "E_SHARDS",
      `Expected ${name} to be a whole number of at least 1, got ${count}. Leave it out for 1.`,
    );
  }
  const plan = planTraining(program, options);
  if (shards === 1) return TrainingGraph.open(plan, threads);
  return ShardedGraph.open(plan, { shards, workers, threads });
}
