import type { OptimizerOptions } from "../types.ts";
import { AdamW } from "./adamw.ts";
import type { Optimizer } from "./optimizer.ts";
import { Sgd } from "./sgd.ts";

/**
 * The optimizer that options ask for.
 *
 * @throws EngineError `E_OPTIMIZER` naming an option that is out of its range.
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  return options.kind === "sgd" ? new Sgd(options) : new AdamW(options);
}
