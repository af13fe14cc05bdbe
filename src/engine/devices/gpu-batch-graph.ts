import type { Tensor } from "onnxruntime-node";
import { largestMask, MaskFeeds } from "../dropout/mask-feeds.ts";
import { feedInputs, usedInputs } from "../program/feeds.ts";
import type { Traced } from "../trace/trace.ts";
import type { Batch, Program } from "../types.ts";
import { tokenFeeds } from "./gpu-feeds.ts";
import type { DistinctRows } from "./gpu-feeds.ts";
import type { TracedStep } from "./gpu-graphs.ts";
import { deviceNames } from "./gpu-names.ts";
import { readReport } from "./gpu-report.ts";
import type { Report } from "./gpu-report.ts";
import { DeviceSession } from "./gpu-session.ts";
import type { Feeds, Provider } from "./gpu-session.ts";

/** A batch of those that an update is made of. */
export interface DeviceBatch {
  batch: Batch;
  /** Its number among them. */
  index: number;
  /** Of all of them; null without an embedding. */
  distinct: DistinctRows | null;
  /** Chooses the dropout masks. */
  draw: number;
}

/** A graph that takes a batch, as a step and the gradients alone do. */
export class BatchGraph {
  private readonly program: Program;
  private readonly session: DeviceSession;
  private readonly used: readonly string[];
  private readonly terms: readonly string[];
  private readonly masks: MaskFeeds;

  private constructor(
    program: Program,
    session: DeviceSession,
    traced: Traced<TracedStep>,
    options: { seed: number; maxTokens: number },
  ) {
    this.program = program;
    this.session = session;
    this.used = usedInputs(traced.graph, program);
    this.terms = traced.result.terms;
    const dropout = { layers: traced.result.layers, tags: traced.tags };
    this.masks = new MaskFeeds(dropout, {
      seed: options.seed,
      largestMask: largestMask(dropout, options.maxTokens),
    });
  }

  static async create(
    program: Program,
    traced: Traced<TracedStep>,
    options: { provider: Provider; seed: number; maxTokens: number },
  ): Promise<BatchGraph> {
    const onHost = (output: string) => output === deviceNames.report;
    const session = await DeviceSession.create(traced.graph, options.provider, onHost);
    return new BatchGraph(program, session, traced, options);
  }

  /** @param feeds - parameters, what the optimizer keeps, and scalars */
  async run(
    { batch, index, distinct, draw }: DeviceBatch,
    feeds: Feeds,
  ): Promise<{ report: Report; outputs: Map<string, Tensor> }> {
    const results = await this.session.run({
      ...feeds,
      ...(distinct && tokenFeeds(distinct, index, batch)),
      ...feedInputs(this.program, this.used, batch),
      ...this.masks.feeds(batch, draw),
    });
    const outputs = new Map(Object.entries(results));
    const numbers = outputs.get(deviceNames.report)!.data as Float32Array;
    outputs.delete(deviceNames.report);
    return { report: readReport(numbers, this.terms), outputs };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
