import { Tensor } from "onnxruntime-node";
import { EmbeddingTable } from "../embedding-table.ts";
import { EngineError } from "../errors.ts";
import { measureGradients } from "../gradient-clipping.ts";
import type { GradientMeasure } from "../gradient-clipping.ts";
import { AdamW, momentNames } from "../optimizers/adamw.ts";
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
import { exportModel } from "./export.ts";
import { ForwardGraph } from "./forward.ts";
import { initialValues } from "./initialize.ts";
import { Parameters } from "./parameters.ts";
import { checkNames } from "./state.ts";
import { nonFiniteError, TrainingGraph } from "./training.ts";
import type { TrainingResult } from "./training.ts";

/** What computes for a model, given the batch and, as tensors of the host, parameters and embedded rows. */
export interface Runners {
  device: Device;
  training: Pick<TrainingGraph, "run" | "release">;
  forward: () => Promise<Pick<ForwardGraph, "run" | "release">>;
}

/** A compiled program with its parameters and optimizer state; see `CompiledProgram` for what its methods do. */
export class CompiledModel implements CompiledProgram {
  readonly device: Device;
  private readonly program: Program;
  private readonly options: CompileOptions;
  private readonly optimizer: AdamW;
  private readonly parameters: Parameters;
  private readonly table: EmbeddingTable | null;
  private readonly runners: Runners;
  /** Made when it is first asked for: many runs only train. */
  private forwardGraph: ReturnType<Runners["forward"]> | null = null;
  /** Updates made so far. */
  private updates = 0;

  private constructor(program: Program, options: CompileOptions, runners: Runners) {
    this.program = program;
    this.options = options;
    this.runners = runners;
    this.device = runners.device;
    if (options.optimizer.kind !== "adamw") throw new Error("only AdamW");
    this.optimizer = new AdamW(options.optimizer);
    this.parameters = new Parameters(program.parameters, options.seed);
    const { embedding } = program;
    if (embedding) {
      const { name, rows, size, initializer } = embedding;
      const values = initialValues({ name, shape: [rows, size], initializer }, options.seed);
      this.table = new EmbeddingTable({ rows, size, values });
    } else {
      this.table = null;
    }
  }

  /** @param runners - by default ONNX Runtime on the processor. */
  static async create(
    program: Program,
    options: CompileOptions,
    runners?: Runners,
  ): Promise<CompiledModel> {
    if (runners) return new CompiledModel(program, options, runners);
    const { seed, threads = 1, maxTokens } = options;
    const training = await TrainingGraph.create(program, { seed, threads, maxTokens });
    const forward = () => ForwardGraph.create(program, threads);
    return new CompiledModel(program, options, { device: "cpu", training, forward });
  }

  async step(
    given: Batch | readonly Batch[],
    { learningRate }: { learningRate: number },
  ): Promise<StepResult> {
    const batch = given as Batch;
    const result = await this.runTraining(batch);
    const step = this.updates + 1;
    const { norm, scale } = this.measure(result, step);
    const update = { learningRate, step, gradientScale: scale };
    this.parameters.update(this.optimizer, result.gradients, update);
    this.table?.update({ optimizer: this.optimizer, ...update });
    this.updates = step;
    return { loss: result.loss, terms: result.terms, gradientNorm: norm };
  }

  async gradients(batch: Batch): Promise<{ loss: number; gradients: StateDict }> {
    const result = await this.runTraining(batch);
    const gradients: StateDict = {};
    for (const { name, shape } of this.program.parameters) {
      gradients[name] = { shape, data: result.gradients.get(name)! };
    }
    if (this.table && this.program.embedding) {
      const { rows, size } = this.table;
      const dense = new Float32Array(rows * size);
      const sums = this.table.gradient;
      this.table.touchedRows.forEach((row, place) => {
        dense.set(sums.subarray(place * size, (place + 1) * size), row * size);
      });
      this.table.clearGradient();
      gradients[this.program.embedding.name] = { shape: [rows, size], data: dense };
    }
    return { loss: result.loss, gradients };
  }

  async forward(batch: Batch): Promise<Record<string, NamedArray>> {
    this.forwardGraph ??= this.runners.forward();
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
    await this.runners.training.release();
    await (await this.forwardGraph)?.release();
  }

  /** Runs the training graph and sums the gradients of the embedding's rows. */
  private async runTraining(batch: Batch): Promise<TrainingResult> {
    const feeds = { ...this.parameters.feeds, ...this.gather(batch) };
    const result = await this.runners.training.run(batch, feeds, this.updates + 1);
    if (result.embedded) this.table?.accumulate(batch.tokens!, result.embedded);
    return result;
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
      known.optimizer.push(...Object.values<string>(momentNames(embedding.name)));
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
