import { Tensor } from "onnxruntime-node";
import { createMoments, momentNames } from "../optimizers/adamw.ts";
import type { AdamW, Moments, UpdateOptions } from "../optimizers/adamw.ts";
import type { ParameterSpec, StateDict } from "../types.ts";
import { names } from "../runtime/names.ts";
import { initialValues } from "./initialize.ts";
import { findTensor } from "./state.ts";

interface Parameter {
  spec: ParameterSpec;
  values: Float32Array;
  moments: Moments;
  decay: boolean;
}

/** A program's parameters but the embedding, with the optimizer's moments. */
export class Parameters {
  /** The parameters as inputs of a session. They read the arrays that updates write to. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  private readonly all: readonly Parameter[];

  constructor(specs: readonly ParameterSpec[], seed: number) {
    this.all = specs.map((spec) => {
      const values = initialValues(spec, seed);
      const decay = spec.decay ?? spec.shape.length > 1;
      return { spec, values, moments: createMoments(values.length), decay };
    });
    const feeds = this.all.map(({ spec, values }) => {
      return [names.parameter(spec.name), new Tensor("float32", values, spec.shape)] as const;
    });
    this.feeds = Object.fromEntries(feeds);
  }

  get names(): string[] {
    return this.all.map(({ spec }) => spec.name);
  }

  /** One update of every parameter. */
  update(
    optimizer: AdamW,
    gradients: ReadonlyMap<string, Float32Array>,
    options: Omit<UpdateOptions, "decay">,
  ): void {
    for (const { spec, values, moments, decay } of this.all) {
      optimizer.update(values, gradients.get(spec.name)!, moments, { ...options, decay });
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
    for (const { spec, values, moments } of this.all) {
      const { name, shape } = spec;
      const { first, second } = momentNames(name);
      weights[name] = { shape, data: values.slice() };
      optimizer[first] = { shape, data: moments.first.slice() };
      optimizer[second] = { shape, data: moments.second.slice() };
    }
    return { weights, optimizer };
  }

  /** @throws EngineError `E_STATE` naming a tensor that is missing or misshapen. */
  checkState(weights: StateDict, optimizer?: StateDict): void {
    this.copies(weights, optimizer);
  }

  /**
   * Finds every tensor, and only then copies any; without `optimizer` the moments become zero.
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
    return this.all.flatMap(({ spec: { name, shape }, values, moments }) => {
      const { first, second } = momentNames(name);
      return [
        { to: values, from: findTensor(weights, name, shape) },
        { to: moments.first, from: optimizer && findTensor(optimizer, first, shape) },
        { to: moments.second, from: optimizer && findTensor(optimizer, second, shape) },
      ];
    });
  }

  /** Names of all tensors that `loadState` reads. */
  stateNames(): { weights: string[]; optimizer: string[] } {
    return {
      weights: this.names,
      optimizer: this.names.flatMap((name) => Object.values<string>(momentNames(name))),
    };
  }
}
