import { Tensor } from "onnxruntime-node";
import type { EmbeddingTable } from "../embedding-table.ts";
import { EngineError } from "../errors.ts";
import { measureGradients } from "../gradient-clipping.ts";
import type { GradientMeasure } from "../gradient-clipping.ts";
import type { ParameterRule } from "../optimizers/groups.ts";
import { createOptimizer } from "../optimizers/create-optimizer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { EMBEDDED } from "../runtime/names.ts";
import type {
  Batch,
  CompiledProgram,
  CompileOptions,
  Device,
  EngineState,
  ExportOptions,
  NamedArray,
  Program,
  StateDict,
  StepResult,
} from "../types.ts";
import { addResult, partsOf } from "./accumulate.ts";
import { exportModel } from "./export.ts";
import { ForwardGraph } from "./forward.ts";
import { createTable } from "./create-table.ts";
import { Parameters } from "./parameters.ts";
import { rulesOf } from "./rules.ts";
import { stateAllocator } from "./state-memory.ts";
import { checkNames } from "./state.ts";
import { openTraining } from "./open-training.ts";
import { nonFiniteError } from "./training.ts";
import type { GradientSource, TrainingResult } from "./training.ts";

/** What computes for a model, given a batch and, as tensors of the host, parameters and embedded rows. */
export interface Runners {
  device: Device;
  training: (frozen: ReadonlySet<string>) => Promise<GradientSource>;
  forward: () => Promise<Pick<ForwardGraph, "run" | "release">>;
}

/** ONNX Runtime on the processor. */
function processorRunners(program: Program, options: CompileOptions): Runners {
  return {
    device: "cpu",
    training: (frozen) => openTraining(program, { ...options, frozen }),
    forward: () => ForwardGraph.create(program, options.threads ?? 1),
  };
}

/** A compiled program with its parameters and optimizer state; see `CompiledProgram` for what its methods do. */
export class CompiledModel implements CompiledProgram {
  readonly device: Device;
  private readonly program: Program;
  private readonly options: CompileOptions;
  private readonly parameters: Parameters;
  private readonly table: EmbeddingTable | null;
  private readonly rules: ReadonlyMap<string, ParameterRule>;
  private readonly training: GradientSource;
  private readonly openForward: Runners["forward"];
  /** Made when it is first asked for: many runs only train. */
  private forwardGraph: ReturnType<Runners["forward"]> | null = null;
  /** Updates made so far. */
  private updates = 0;

  private constructor(
    program: Program,
    options: CompileOptions,
    parts: {
      optimizer: Optimizer;
      rules: ReadonlyMap<string, ParameterRule>;
      runners: Runners;
      training: GradientSource;
    },
  ) {
    this.program = program;
    this.options = options;
    this.device = parts.runners.device;
    this.training = parts.training;
    this.openForward = parts.runners.forward;
    this.rules = parts.rules;
    const state = { ...parts, seed: options.seed, allocate: stateAllocator(program, parts) };
    this.parameters = new Parameters(program.parameters, state);
    this.table = createTable(program, state);
  }

  static async create(
    program: Program,
    options: CompileOptions,
    runners = processorRunners(program, options),
  ): Promise<CompiledModel> {
    const optimizer = createOptimizer(options.optimizer);
    const rules = rulesOf(program, options);
    const frozen = new Set([...rules].filter(([, rule]) => rule.frozen).map(([name]) => name));
    const training = await runners.training(frozen);
    // Threads start while the starting values are drawn.
    const model = new CompiledModel(program, options, { optimizer, rules, runners, training });
    await training.ready?.();
    return model;
  }

  async step(
    given: Batch | readonly Batch[],
    { learningRate }: { learningRate: number },
  ): Promise<StepResult> {
    const step = this.updates + 1;
    const result = await this.runTraining(given);
    const { norm, scale } = this.measure(result, step);
    const update = { learningRate, step, gradientScale: scale };
    this.parameters.update(result.gradients, update);
    if (this.table) {
      const { rate, weightDecay } = this.rules.get(this.program.embedding!.name)!;
      this.table.update({ ...update, learningRate: rate * learningRate, weightDecay });
    }
    this.updates = step;
    return { loss: result.loss, terms: result.terms, gradientNorm: norm };
  }

  async gradients(batch: Batch): Promise<{ loss: number; gradients: StateDict }> {
    const result = await this.runTraining(batch);
    const gradients: StateDict = {};
    for (const { name, shape } of this.program.parameters) {
      const data = result.gradients.get(name);
      if (data) gradients[name] = { shape, data };
    }
    const { embedding } = this.program;
    if (this.table && embedding && !this.rules.get(embedding.name)!.frozen) {
      gradients[embedding.name] = this.table.takeGradient();
    }
    return { loss: result.loss, gradients };
  }

  async forward(batch: Batch): Promise<Record<string, NamedArray>> {
    this.forwardGraph ??= this.openForward();
    const graph = await this.forwardGraph;
    return graph.run(batch, { ...this.parameters.feeds, ...this.gather(batch) });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other devices have to wait
  async saveState(): Promise<EngineState> {
    const { weights, optimizer } = this.parameters.saveState();
    const table = this.table?.saveState(this.program.embedding!.name);
    return {
      step: this.updates,
      weights: { ...table?.weights, ...weights },
      optimizer: { ...table?.optimizer, ...optimizer },
    };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other devices have to wait
  async loadState(state: EngineState): Promise<void> {
    this.load(state.weights, state.optimizer);
    this.updates = state.step;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other devices have to wait
  async loadWeights(weights: StateDict): Promise<void> {
    this.load(weights);
    this.updates = 0;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other devices have to wait
  async exportOnnx(options: ExportOptions): Promise<Uint8Array> {
    const { embedding } = this.program;
    const table = this.table &&
      embedding && {
        [embedding.name]: { shape: [embedding.rows, embedding.size], data: this.table.values },
      };
    return exportModel(this.program, { ...this.parameters.view(), ...table }, options);
  }

  async dispose(): Promise<void> {
    await this.training.release();
    await (await this.forwardGraph)?.release();
  }

  /** Runs the training graph on each batch and sums the gradients, those of the embedding's rows in the table. */
  private async runTraining(given: Batch | readonly Batch[]): Promise<TrainingResult> {
    const parts = partsOf(given, this.updates + 1);
    let sum: TrainingResult | null = null;
    try {
      for (const { batch, weight, draw } of parts) {
        const feeds = { ...this.parameters.feeds, ...this.gather(batch) };
        const result = await this.training.run(batch, feeds, draw);
        if (result.embedded) this.table?.accumulate(batch.tokens!, result.embedded, weight);
        sum = parts.length === 1 ? result : addResult(sum, result, weight);
      }
    } catch (error) {
      this.table?.clearGradient();
      throw error;
    }
    return sum!;
  }

  /** @throws EngineError `E_NONFINITE`, leaving everything as it was. */
  private measure(result: TrainingResult, step: number): GradientMeasure {
    const gradients = [...result.gradients];
    if (this.table) gradients.push([this.program.embedding!.name, this.table.gradient]);
    try {
      const measured = measureGradients(gradients, this.options.clipNorm);
      if (Number.isFinite(result.loss)) return measured;
    } catch (error) {
      this.table?.clearGradient();
      if (!(error instanceof EngineError)) throw error;
      const loss = `loss ${String(result.loss)}`;
      throw nonFiniteError(step, `${error.message} (${loss})`, error);
    }
    this.table?.clearGradient();
    throw nonFiniteError(
      step,
      `Expected a finite loss, got ${String(result.loss)}, while all gradients are finite. Look for infinite or NaN inputs of the loss.`,
    );
  }

  /** The batch's rows of the embedding table. */
  private gather({ batch, length, tokens }: Batch): Record<string, Tensor> {
    if (!this.table) return {};
    if (tokens?.length !== batch * length) {
      throw new EngineError(
        "E_SHAPE",
        `Expected tokens [${batch}, ${length}], ${batch * length} elements, got ${tokens ? tokens.length : "none"}.`,
      );
    }
    const { size } = this.table;
    // An array of its own: the runtime reads it later, when another call may have gathered its rows.
    const rows = new Float32Array(tokens.length * size);
    this.table.gather(tokens, rows);
    return { [EMBEDDED]: new Tensor("float32", rows, [batch, length, size]) };
  }

  private load(weights: StateDict, optimizer?: StateDict): void {
    const known = this.parameters.stateNames();
    const { embedding } = this.program;
    if (embedding) {
      known.weights.push(embedding.name);
      known.optimizer.push(...(this.table?.stateNames(embedding.name) ?? []));
    }
    checkNames(known.weights, weights);
    if (optimizer) checkNames(known.optimizer, optimizer);
    const state = { weights, ...(optimizer && { optimizer }) };
    // The parameters are checked as a whole before any changes; the table, last, changes only if it fits.
    this.parameters.checkState(weights, optimizer);
    if (embedding) this.table?.loadState(embedding.name, state);
    this.parameters.loadState(weights, optimizer);
  }
}
