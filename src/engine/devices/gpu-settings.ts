import { createOptimizer } from "../optimizers/create-optimizer.ts";
import type { ParameterRule } from "../optimizers/groups.ts";
import { rulesOf } from "../program/rules.ts";
import type { CompileOptions, OptimizerOptions, Program } from "../types.ts";
import { rowSumFor } from "./gpu-table.ts";
import type { RowSum } from "./gpu-table.ts";

/** What the graphs of a device are written from. */
export interface DeviceSettings {
  program: Program;
  optimizer: OptimizerOptions;
  /** What the optimizer keeps for each parameter. */
  stateNames: readonly string[];
  rules: ReadonlyMap<string, ParameterRule>;
  frozen: ReadonlySet<string>;
  clipNorm: number | undefined;
  rowSum: RowSum;
}

/** @throws EngineError `E_OPTIMIZER` naming an option or a group that makes no sense. */
export function settingsOf(program: Program, options: CompileOptions): DeviceSettings {
  const rules = rulesOf(program, options);
  const { embedding } = program;
  return {
    program,
    optimizer: options.optimizer,
    stateNames: createOptimizer(options.optimizer).stateNames,
    rules,
    frozen: new Set([...rules].filter(([, rule]) => rule.frozen).map(([name]) => name)),
    clipNorm: options.clipNorm,
    rowSum: embedding ? rowSumFor(embedding, options.maxTokens) : "product",
  };
}

/** The parameters that learn, the embedding table last, as the graphs report on them. */
export function learnedNames({ program, frozen }: DeviceSettings): string[] {
  const { parameters, embedding } = program;
  const all = [...parameters.map(({ name }) => name), ...(embedding ? [embedding.name] : [])];
  return all.filter((name) => !frozen.has(name));
}
