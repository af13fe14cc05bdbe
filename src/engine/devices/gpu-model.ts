import type { Tensor } from "onnxruntime-node";
import { denseRows } from "../embedding-table.ts";
import { partsOf } from "../program/accumulate.ts";
import { exportModel } from "../program/export.ts";
import { Turns } from "../turns.ts";
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
import { Accumulation, gradientShapes } from "./gpu-accumulation.ts";
import { BatchGraph } from "./gpu-batch-graph.ts";
import { distinctRows, scalarFeeds } from "./gpu-feeds.ts";
import { DeviceForward } from "./gpu-forward.ts";
import { traceStep } from "./gpu-graphs.ts";
import { deviceNames } from "./gpu-names.ts";
import { checkReport } from "./gpu-report.ts";
import type { Report } from "./gpu-report.ts";
import { probeDevice } from "./gpu-session.ts";
import type { Feeds, Provider } from "./gpu-session.ts";
import { learnedNames, settingsOf } from "./gpu-settings.ts";
import type { DeviceSettings } from "./gpu-settings.ts";
import { arraysOf, initialWeights, savedState, stateTensors } from "./gpu-state.ts";
import type { StateTensor } from "./gpu-state.ts";
import { disposeAll, Transfer } from "./gpu-tensors.ts";

/**
 * A compiled program on an execution provider of ONNX Runtime. The whole step is one graph, the optimizer in it;
 * parameters, what the optimizer keeps, and the embedding table stay on the device, and only the batch goes there and
 * the loss comes back. See `CompiledProgram` for what the methods do.
 */
export class GpuModel implements CompiledProgram {
  readonly device: Device;
  private readonly settings: DeviceSettings;
  private readonly options: CompileOptions & { provider: Provider };
  private readonly layout: readonly StateTensor[];
  private readonly transfer: Transfer;
  private readonly stepGraph: BatchGraph;
  // Made when they are first asked for: many runs only train, one batch at a time.
  private accumulation: Promise<Accumulation> | null = null;
  private forwardGraph: Promise<DeviceForward> | null = null;
  /** By the graphs' input. */
  private tensors = new Map<string, Tensor>();
  /** Updates made so far. */
  private updates = 0;
  /** A step replaces tensors that an overlapping call would read. */
  private readonly turns = new Turns();

  private constructor(
    settings: DeviceSettings,
    options: CompileOptions & { provider: Provider },
    stepGraph: BatchGraph,
  ) {
    this.device = options.provider.device;
    this.settings = settings;
    this.options = options;
    this.stepGraph = stepGraph;
    this.layout = stateTensors(settings);
    this.transfer = new Transfer(
      new Map(this.layout.map(({ input, shape }) => [input, shape])),
      options.provider,
    );
  }

  /** @throws EngineError `E_DEVICE` if the provider's device cannot be had; and as `compile`. */
  static async create(
    program: Program,
    compileOptions: CompileOptions,
    provider: Provider,
  ): Promise<GpuModel> {
    const options = { ...compileOptions, provider };
    const settings = settingsOf(program, options);
    const traced = traceStep(settings);
    await probeDevice(provider);
    const model = new GpuModel(
      settings,
      options,
      await BatchGraph.create(program, traced, options),
    );
    await model.load(initialWeights(settings, options.seed));
    return model;
  }

  step(
    given: Batch | readonly Batch[],
    { learningRate }: { learningRate: number },
  ): Promise<StepResult> {
    return this.turns.take(async () => {
      const step = this.updates + 1;
      const { report, outputs } = await this.runStep(given, { learningRate, step });
      let result: StepResult;
      try {
        result = checkReport(report, learnedNames(this.settings), step);
      } catch (error) {
        disposeAll(outputs.values());
        throw error;
      }
      // Frozen tensors have no successor.
      const next = [...this.tensors.keys()].flatMap((input) => {
        const output = outputs.get(deviceNames.next(input));
        return output ? [[input, output] as const] : [];
      });
      this.replace(new Map(next));
      this.updates = step;
      return result;
    });
  }

  gradients(batch: Batch): Promise<{ loss: number; gradients: StateDict }> {
    return this.turns.take(async () => {
      const accumulation = await this.accumulate();
      const { embedding } = this.settings.program;
      const distinct = embedding ? distinctRows([batch], embedding) : null;
      const one = { batch, index: 0, distinct, draw: this.updates + 1 };
      const { report, gradients } = await accumulation.gradients(one, this.feeds());
      const transfer = new Transfer(gradientShapes(this.settings), this.options.provider);
      try {
        const arrays = await transfer.toHost(gradients);
        const rows = embedding && arrays.get(embedding.name);
        if (rows) arrays.set(embedding.name, denseRows(rows.data, distinct!.rows, embedding));
        return { loss: report.loss, gradients: Object.fromEntries(arrays) };
      } finally {
        disposeAll(gradients.values());
        await transfer.release();
      }
    });
  }

  forward(batch: Batch): Promise<Record<string, NamedArray>> {
    return this.turns.take(async () => {
      this.forwardGraph ??= DeviceForward.create(this.settings, this.options.provider);
      const graph = await this.forwardGraph;
      return graph.run(batch, this.feeds());
    });
  }

  saveState(): Promise<EngineState> {
    return this.turns.take(async () => {
      const arrays = await this.transfer.toHost(this.tensors);
      return savedState(this.layout, arrays, this.updates);
    });
  }

  loadState({ weights, optimizer, step }: EngineState): Promise<void> {
    return this.turns.take(async () => {
      await this.load(weights, optimizer);
      this.updates = step;
    });
  }

  loadWeights(weights: StateDict): Promise<void> {
    return this.turns.take(async () => {
      await this.load(weights);
      this.updates = 0;
    });
  }

  async exportOnnx(options: ExportOptions): Promise<Uint8Array> {
    const { weights } = await this.saveState();
    return exportModel(this.settings.program, weights, options);
  }

  dispose(): Promise<void> {
    return this.turns.take(async () => {
      disposeAll(this.tensors.values());
      this.tensors.clear();
      await this.transfer.release();
      await this.stepGraph.release();
      await (await this.accumulation)?.release();
      await (await this.forwardGraph)?.release();
    });
  }

  private runStep(
    given: Batch | readonly Batch[],
    update: { learningRate: number; step: number },
  ): Promise<{ report: Report; outputs: Map<string, Tensor> }> {
    const { program, optimizer } = this.settings;
    const parts = partsOf(given, update.step);
    const all = parts.map(({ batch }) => batch);
    const distinct = program.embedding ? distinctRows(all, program.embedding) : null;
    const batches = parts.map((part, index) => ({ ...part, index, distinct }));
    const scalars = scalarFeeds(optimizer, update);
    const [only] = batches;
    if (batches.length === 1) return this.stepGraph.run(only!, { ...this.feeds(), ...scalars });
    return this.accumulate().then((graphs) => graphs.step(batches, this.feeds(), scalars));
  }

  private accumulate(): Promise<Accumulation> {
    this.accumulation ??= Accumulation.create(this.settings, this.options);
    return this.accumulation;
  }

  private feeds(): Feeds {
    return Object.fromEntries(this.tensors);
  }

  private async load(weights: StateDict, optimizer?: StateDict): Promise<void> {
    const arrays = arraysOf(this.layout, weights, optimizer);
    this.replace(await this.transfer.toDevice(arrays));
  }

  /** Puts tensors in the place of those of their names, whose memory is given back. */
  private replace(next: ReadonlyMap<string, Tensor>): void {
    for (const [input, tensor] of next) {
      const old = this.tensors.get(input);
      this.tensors.set(input, tensor);
      if (old) disposeAll([old]);
    }
  }
}
