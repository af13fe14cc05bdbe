import type { Initializer, Program, StateDict } from "../types.ts";
import { parameterShapes } from "./parameter-shapes.ts";
import { checkNames, findTensor } from "./state.ts";

/**
 * The program with some of its parameters starting at given values, such as those of a pretrained encoder; the others
 * start as before. The arrays are not copied here.
 *
 * @throws EngineError `E_STATE` naming a tensor that the program does not have, or one of another shape.
 */
export function startFrom(program: Program, weights: StateDict): Program {
  const shapes = parameterShapes(program);
  checkNames(
    shapes.map(({ name }) => name),
    weights,
  );
  const given = shapes.filter(({ name }) => name in weights);
  const initializers = new Map<string, Initializer>(
    given.map(({ name, shape }) => [
      name,
      { kind: "values", values: findTensor(weights, name, shape) },
    ]),
  );
  const start = <T extends { name: string; initializer: Initializer }>(parameter: T): T => {
    const initializer = initializers.get(parameter.name);
    return initializer ? { ...parameter, initializer } : parameter;
  };
  const { embedding } = program;
  return {
    ...program,
    parameters: program.parameters.map(start),
    ...(embedding && { embedding: start(embedding) }),
  };
}
