import { Tensor } from "onnxruntime-node";
import { createState, stateNamesOf, updateParameter } from "../optimizers/optimizer.ts";
import type { Optimizer, UpdateOptions } from "../optimizers/optimizer.ts";
import type { ParameterRule } from "../optimizers/groups.ts";
import type { ParameterSpec, StateDict } from "../types.ts";
import { names } from "../runtime/names.ts";
import type { StateOptions } from "./create-table.ts";
import { initialValues } from "./initialize.ts";
import { findTensor } from "./state.ts";

interface Parameter {
  spec: ParameterSpec;
  values: Float32Array;
  /** What the optimizer keeps; nothing where the parameter is frozen. */
  state: readonly Float32Array[];
  stateNames: readonly string[];
  rule: ParameterRule;
}

/** A program's parameters but the embedding, with the optimizer's state. */
export class Parameters {
  /** The parameters as inputs of a session. They read the arrays that updates write to. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  private readonly optimizer: Optimizer;
  private readonly all: readonly Parameter[];

  constructor(specs: readonly ParameterSpec[], { seed, optimizer, rules, allocate }: StateOptions) {
    this.optimizer = optimizer;
    this.all = specs.map((spec) => {
      const values = initialValues(spec, seed, allocate);
      const rule = rules.get(spec.name)!;
      const state = rule.frozen ? [] : createState(optimizer, values.length, allocate);
      const stateNames = rule.frozen ? [] : stateNamesOf(optimizer, spec.name);
      return { spec, values, state, stateNames, rule };
    });
    const feeds = this.all.map(({ spec, values }) => {
      return [names.parameter(spec.name), new Tensor("float32", values, spec.shape)] as const;
    });
    this.feeds = Object.fromEntries(feeds);
  }

  get names(): string[] {
    return this.all.map(({ spec }) => spec.name);
  }

  /** One update of every parameter that is not frozen. */
  update(
    gradients: ReadonlyMap<string, Float32Array>,
    options: Omit<UpdateOptions, "weightDecay">,
  ): void {
    for (const { spec, values, state, rule } of this.all) {
      if (rule.frozen) continue;
      const arrays = { parameter: values, gradient: gradients.get(spec.name)!, state };
      updateParameter(this.optimizer, arrays, {
        ...options,
        learningRate: rule.rate * options.learningRate,
        weightDecay: rule.weightDecay,
      });
    }
  }

  /** The parameters by name, not copied. */
  view(): StateDict {
    const entries = this.all.map(
      ({ spec, values }) => [spec.name, { shape: spec.shape, data: values }] as const,
    );
    return Object.fromEntries(entries);
  }

  /** Deep copies. */
  saveState(): { weights: StateDict; optimizer: StateDict } {
    const weights: StateDict = {};
    const optimizer: StateDict = {};
    for (const { spec, values, state, stateNames } of this.all) {
      const { name, shape } = spec;
      weights[name] = { shape, data: values.slice() };
      stateNames.forEach((stateName, index) => {
        optimizer[stateName] = { shape, data: state[index]!.slice() };
      });
    }
    return { weights, optimizer };
  }

  /** @throws EngineError `E_STATE` naming a tensor that is missing or misshapen. */
  checkState(weights: StateDict, optimizer?: StateDict): void {
    this.copies(weights, optimizer);
  }

  /**
   * Finds every tensor, and only then copies any; without `optimizer` its state becomes zero.
   *
   * @throws EngineError `E_STATE` naming a tensor that is missing or misshapen.
   */
  loadState(weights: StateDict, optimizer?: StateDict): void {
    for (const { to, from } of this.copies(weights, optimizer)) {
      if (from) to.set(from);
      else to.fill(0);
    }
  }

  private copies(weights: StateDict, optimizer?: StateDict) {
    return this.all.flatMap(({ spec: { name, shape }, values, state, stateNames }) => [
      { to: values, from: findTensor(weights, name, shape) },
      ...stateNames.map((stateName, index) => ({
        to: state[index]!,
        from: optimizer && findTensor(optimizer, stateName, shape),
      })),
    ]);
  }

  /** Names of all tensors that `loadState` reads. */
  stateNames(): { weights: string[]; optimizer: string[] } {
    return {
      weights: this.names,
      optimizer: this.all.flatMap(({ stateNames }) => stateNames),
    };
  }
}
