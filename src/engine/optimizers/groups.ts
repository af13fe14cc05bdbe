import { EngineError } from "../errors.ts";
import type { OptimizerOptions, ParameterGroup } from "../types.ts";

/** What holds for one parameter. */
export interface ParameterRule {
  /** Multiplies the learning rate. */
  rate: number;
  weightDecay: number;
  frozen: boolean;
}

export interface RuleOptions {
  optimizer: OptimizerOptions;
  groups?: readonly ParameterGroup[] | undefined;
}

/**
 * The rule for a parameter: that of the first group with its name, and else the optimizer's.
 *
 * @param decays - whether the optimizer's weight decay is for this parameter
 */
export function ruleOf(
  name: string,
  decays: boolean,
  { optimizer, groups = [] }: RuleOptions,
): ParameterRule {
  const group = groups.find(({ names }) => names.some((pattern) => matches(pattern, name)));
  return {
    rate: group?.rate ?? 1,
    weightDecay: group?.weightDecay ?? (decays ? optimizer.weightDecay : 0),
    frozen: group?.frozen ?? false,
  };
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/**
 * Checks that every pattern names something: a group that holds for nothing is a misspelt one.
 *
 * @throws EngineError `E_OPTIMIZER` naming the pattern, or a rate or weight decay below 0.
 */
export function checkGroups(
  groups: readonly ParameterGroup[] | undefined,
  names: readonly string[],
): void {
  for (const group of groups ?? []) {
    for (const pattern of group.names) {
      if (names.some((name) => matches(pattern, name))) continue;
      throw new EngineError(
        "E_OPTIMIZER",
        `Expected parameter groups to name parameters of the program, got ${pattern}, which names none. There are ${names.join(", ")}.`,
      );
    }
    for (const value of [group.rate ?? 0, group.weightDecay ?? 0]) {
      if (value >= 0 && value < Infinity) continue;
      throw new EngineError(
        "E_OPTIMIZER",
        `Expected the rate and the weight decay of ${group.names.join(", ")} to be at least 0, got ${value}.`,
      );
    }
  }
}
