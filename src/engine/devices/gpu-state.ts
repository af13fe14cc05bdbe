import { initialValues } from "../program/initialize.ts";
import { checkNames, findTensor } from "../program/state.ts";
import { names } from "../runtime/names.ts";
import type { EngineState, NamedArray, StateDict } from "../types.ts";
import { deviceNames } from "./gpu-names.ts";
import type { DeviceSettings } from "./gpu-settings.ts";
import { sizeOf } from "../shape.ts";

/** A tensor that stays from step to step. */
export interface StateTensor {
  /** The graphs' input of it. */
  input: string;
  /** Its name in a saved state. */
  name: string;
  part: "weights" | "optimizer";
  shape: readonly number[];
}

/** Every tensor that stays: parameters and table, and what the optimizer keeps for those that learn. */
export function stateTensors({ program, stateNames, frozen }: DeviceSettings): StateTensor[] {
  const { parameters, embedding } = program;
  const table = embedding && {
    name: embedding.name,
    shape: [embedding.rows, embedding.size] as const,
  };
  return [...parameters, ...(table ? [table] : [])].flatMap(({ name, shape }) => {
    const kept = frozen.has(name) ? [] : stateNames.map((state) => `${name}.${state}`);
    return [
      { input: names.parameter(name), name, part: "weights" as const, shape },
      ...kept.map((state) => ({
        input: deviceNames.state(state),
        name: state,
        part: "optimizer" as const,
        shape,
      })),
    ];
  });
}

/** The parameters' starting values; the optimizer's state starts from zero. */
export function initialWeights({ program }: DeviceSettings, seed: number): StateDict {
  const { parameters, embedding } = program;
  const table = embedding && { ...embedding, shape: [embedding.rows, embedding.size] };
  const entries = [...parameters, ...(table ? [table] : [])].map((parameter) => {
    const { name, shape } = parameter;
    return [name, { shape, data: initialValues(parameter, seed) }] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * The arrays of a saved state by the graphs' inputs, all of them found; without `optimizer` its state is zero.
 *
 * @throws EngineError `E_STATE` naming a tensor that is unknown, missing or misshapen.
 */
export function arraysOf(
  tensors: readonly StateTensor[],
  weights: StateDict,
  optimizer?: StateDict,
): Map<string, NamedArray> {
  const given = { weights, optimizer };
  for (const part of ["weights", "optimizer"] as const) {
    const known = tensors.filter((tensor) => tensor.part === part).map(({ name }) => name);
    if (given[part]) checkNames(known, given[part]);
  }
  return new Map(
    tensors.map(({ input, name, part, shape }) => {
      const from = given[part];
      const size = sizeOf(shape);
      const data = from ? findTensor(from, name, shape) : new Float32Array(size);
      return [input, { shape, data }];
    }),
  );
}

/** The other way round. */
export function savedState(
  tensors: readonly StateTensor[],
  arrays: ReadonlyMap<string, NamedArray>,
  step: number,
): EngineState {
  const state: EngineState = { step, weights: {}, optimizer: {} };
  for (const { input, name, part } of tensors) state[part][name] = arrays.get(input)!;
  return state;
}
