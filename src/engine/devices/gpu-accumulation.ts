import type { Tensor } from "onnxruntime-node";
import { names } from "../runtime/names.ts";
import { BatchGraph } from "./gpu-batch-graph.ts";
import type { DeviceBatch } from "./gpu-batch-graph.ts";
import { rowFeeds, scalar } from "./gpu-feeds.ts";
import { combinationGraph, traceGradients, traceUpdate } from "./gpu-graphs.ts";
import { deviceNames } from "./gpu-names.ts";
import type { Report } from "./gpu-report.ts";
import { DeviceSession } from "./gpu-session.ts";
import type { Feeds, Provider } from "./gpu-session.ts";
import { learnedNames } from "./gpu-settings.ts";
import type { DeviceSettings } from "./gpu-settings.ts";
import { disposeAll } from "./gpu-tensors.ts";
import type { Sizes } from "./gpu-tensors.ts";

interface Weighted extends DeviceBatch {
  weight: number;
}

interface StepOutputs {
  report: Report;
  outputs: Map<string, Tensor>;
}

/** Shapes of the gradients by learned name; that of the table has a row for each that the batches name. */
export function gradientShapes(settings: DeviceSettings): Map<string, Sizes> {
  const { parameters, embedding } = settings.program;
  const shapes = new Map<string, Sizes>(parameters.map(({ name, shape }) => [name, shape]));
  if (embedding) shapes.set(embedding.name, ["rows", embedding.size]);
  return new Map(learnedNames(settings).map((name) => [name, shapes.get(name)!]));
}

/** Steps of several batches: gradients are summed on the device, then one update is made. */
export class Accumulation {
  private readonly settings: DeviceSettings;
  private readonly gradientGraph: BatchGraph;
  private readonly combination: DeviceSession;
  private readonly update: DeviceSession;

  private constructor(
    settings: DeviceSettings,
    graphs: { gradients: BatchGraph; combination: DeviceSession; update: DeviceSession },
  ) {
    this.settings = settings;
    this.gradientGraph = graphs.gradients;
    this.combination = graphs.combination;
    this.update = graphs.update;
  }

  static async create(
    settings: DeviceSettings,
    options: { provider: Provider; seed: number; maxTokens: number },
  ): Promise<Accumulation> {
    const { provider } = options;
    const combining = combinationGraph(gradientShapes(settings));
    const updating = traceUpdate(settings).graph;
    return new Accumulation(settings, {
      gradients: await BatchGraph.create(settings.program, traceGradients(settings), options),
      combination: await DeviceSession.create(combining, provider, () => false),
      update: await DeviceSession.create(
        updating,
        provider,
        (output) => output === deviceNames.report,
      ),
    });
  }

  /** Loss and gradients of one batch; the caller disposes of the gradients. */
  async gradients(
    batch: DeviceBatch,
    state: Feeds,
  ): Promise<{ report: Report; gradients: Map<string, Tensor> }> {
    const { report, outputs } = await this.gradientGraph.run(batch, state);
    const gradients = learnedNames(this.settings).map(
      (name) => [name, outputs.get(names.gradient(name))!] as const,
    );
    return { report, gradients: new Map(gradients) };
  }

  async step(batches: readonly Weighted[], state: Feeds, scalars: Feeds): Promise<StepOutputs> {
    let sum = new Map<string, Tensor>();
    let [loss, terms] = [0, {} as Record<string, number>];
    try {
      for (const [index, batch] of batches.entries()) {
        const { report, gradients } = await this.gradients(batch, state);
        loss += batch.weight * report.loss;
        terms = addTerms(terms, report.terms, batch.weight);
        if (index === 0) sum = gradients;
        else {
          const weights = [index === 1 ? batches[0]!.weight : 1, batch.weight] as const;
          sum = await this.combine(sum, gradients, weights);
        }
      }
      const { squares, outputs } = await this.finish(batches[0]!, sum, { ...state, ...scalars });
      return { report: { loss, terms, squares }, outputs };
    } finally {
      disposeAll(sum.values());
    }
  }

  async release(): Promise<void> {
    await this.gradientGraph.release();
    await this.combination.release();
    await this.update.release();
  }

  /** The weighted sum, in place of its two parts. */
  private async combine(
    sum: Map<string, Tensor>,
    gradients: Map<string, Tensor>,
    [sumWeight, gradientWeight]: readonly [number, number],
  ): Promise<Map<string, Tensor>> {
    const parts = learnedNames(this.settings).flatMap((name) => [
      [deviceNames.sum(name), sum.get(name)!] as const,
      [names.gradient(name), gradients.get(name)!] as const,
    ]);
    try {
      const results = await this.combination.run({
        ...Object.fromEntries(parts),
        [deviceNames.sumWeight]: scalar(sumWeight),
        [deviceNames.gradientWeight]: scalar(gradientWeight),
      });
      disposeAll(sum.values());
      return new Map(
        [...sum.keys()].map((name) => [name, results[deviceNames.next(deviceNames.sum(name))]!]),
      );
    } finally {
      disposeAll(gradients.values());
    }
  }

  private async finish(
    { distinct }: DeviceBatch,
    sum: ReadonlyMap<string, Tensor>,
    feeds: Feeds,
  ): Promise<{ squares: readonly number[]; outputs: Map<string, Tensor> }> {
    const gradients = [...sum].map(([name, tensor]) => [names.gradient(name), tensor] as const);
    const results = await this.update.run({
      ...feeds,
      ...Object.fromEntries(gradients),
      ...(distinct && rowFeeds(distinct)),
    });
    const outputs = new Map(Object.entries(results));
    const squares = [...(outputs.get(deviceNames.report)!.data as Float32Array)];
    outputs.delete(deviceNames.report);
    return { squares, outputs };
  }
}

function addTerms(
  sum: Readonly<Record<string, number>>,
  terms: Readonly<Record<string, number>>,
  weight: number,
): Record<string, number> {
  const entries = Object.entries(terms).map(
    ([name, value]) => [name, (sum[name] ?? 0) + weight * value] as const,
  );
  return Object.fromEntries(entries);
}
