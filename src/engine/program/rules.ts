import { EngineError } from "../errors.ts";
import { checkGroups, ruleOf } from "../optimizers/groups.ts";
import type { ParameterRule, RuleOptions } from "../optimizers/groups.ts";
import type { Program } from "../types.ts";

/**
 * What holds for each parameter of a program, its embedding table among them. Weight decay is for tables and matrices,
 * unless a parameter says otherwise.
 *
 * @throws EngineError `E_OPTIMIZER` where a group names no parameter, or nothing is left to learn.
 */
export function rulesOf(program: Program, options: RuleOptions): Map<string, ParameterRule> {
  const { parameters, embedding } = program;
  const rules = new Map(
    parameters.map(({ name, shape, decay }) => [
      name,
      ruleOf(name, decay ?? shape.length > 1, options),
    ]),
  );
  if (embedding) rules.set(embedding.name, ruleOf(embedding.name, true, options));
  checkGroups(options.groups, [...rules.keys()]);
  if ([...rules.values()].every(({ frozen }) => frozen)) {
    throw new EngineError(
      "E_OPTIMIZER",
      "Expected parameters to learn, got groups that freeze all of them. Leave the last layer free, say.",
    );
  }
  return rules;
}
