import { Tensor } from "onnxruntime-node";
import { feedInputs } from "../program/feeds.ts";
import type { TrainingPlan } from "../program/training-plan.ts";
import { TrainingGraph } from "../program/training.ts";
import type { Feeds, GradientSource, TrainingResult } from "../program/training.ts";
import { EMBEDDED } from "../runtime/names.ts";
import { Turns } from "../turns.ts";
import type { Batch } from "../types.ts";
import { scaleInto } from "./memory.ts";
import type { ShardTask } from "./protocol.ts";
import { ShardThread } from "./shard-thread.ts";
import { SharedMemory } from "./shared-memory.ts";
import { checkSplittable, partOf, splitTexts } from "./split.ts";
import type { Part } from "./split.ts";
import { startShardWorker } from "./start-worker.ts";
import { sumOutcomes } from "./sum.ts";
import type { Outcome } from "./sum.ts";

export interface ShardOptions {
  shards: number;
  /** Threads at most, the calling one among them. */
  workers: number;
  /** Inside one operator. */
  threads: number;
}

/** One batch on its way. */
interface Pass {
  batch: Batch;
  feeds: Feeds;
  step: number;
  /** Gradient of the rows of all texts: each shard writes its own stretch. */
  embedded: Float32Array | null;
}

/**
 * A training graph that runs a batch in shards and sums their gradients: `Σ B_s/B · gradient_s`, in the order of the
 * shards. That is the gradient of the whole batch where the loss is a mean over the texts.
 *
 * The calling thread runs the first shard and every `workers`-th after it, threads the others. Which of them ran a
 * shard, and when, changes no bit: each has the same one-thread session, threads inherit from the calling thread how
 * the processor treats denormal numbers (they are started after its session, which sets that), and nothing is summed
 * before all shards are done.
 */
export class ShardedGraph implements GradientSource {
  private readonly plan: TrainingPlan;
  private readonly shards: number;
  private readonly graph: TrainingGraph;
  private readonly opening: Promise<PromiseSettledResult<ShardThread>[]>;
  private threads: readonly ShardThread[] = [];
  private readonly memory: SharedMemory;
  private readonly turns = new Turns();

  private constructor(
    plan: TrainingPlan,
    shards: number,
    graph: TrainingGraph,
    opening: Promise<ShardThread>[],
  ) {
    this.plan = plan;
    this.shards = shards;
    this.graph = graph;
    this.opening = Promise.allSettled(opening);
    this.memory = new SharedMemory(plan);
  }

  /**
   * Starts the threads but does not wait for them: the caller may do other things until it calls `ready`.
   *
   * @throws EngineError `E_SHARDS` if an input cannot be split.
   */
  static async open(plan: TrainingPlan, options: ShardOptions): Promise<ShardedGraph> {
    checkSplittable(plan);
    const { shards, workers, threads } = options;
    const graph = await TrainingGraph.open(plan, threads);
    const opening = Array.from({ length: Math.min(workers, shards) - 1 }, () =>
      ShardThread.open(startShardWorker({ plan, threads })),
    );
    return new ShardedGraph(plan, shards, graph, opening);
  }

  /** @throws EngineError `E_WORKER` if a thread did not start; everything is freed then. */
  async ready(): Promise<void> {
    const opened = await this.opening;
    this.threads = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const failed = opened.find((one) => one.status === "rejected");
    if (!failed) return;
    await this.release();
    throw failed.reason;
  }

  /** One after the other: runs share their memory. */
  run(batch: Batch, feeds: Feeds, step: number): Promise<TrainingResult> {
    return this.turns.take(() => this.runShards(batch, feeds, step));
  }

  async release(): Promise<void> {
    await this.turns.take(async () => {
      await Promise.all(this.threads.map((thread) => thread.close()));
      await this.graph.release();
    });
  }

  private async runShards(batch: Batch, feeds: Feeds, step: number): Promise<TrainingResult> {
    // Whole, since a view of a part cannot tell that its array is too long.
    feedInputs(this.plan, this.plan.used, batch);
    const parts = splitTexts(batch.batch, this.shards);
    const embedded = this.plan.learnsEmbedding ? this.memory.embeddedOf(batch) : null;
    const pass: Pass = { batch, feeds, step, embedded };
    const seats = this.threads.length + 1;
    const partsOf = (seat: number) => parts.filter(({ shard }) => shard % seats === seat);
    if (this.threads.length > 0 && parts.length > 1) this.memory.shareParameters(feeds);
    const busy = this.threads.map((thread, index) =>
      this.runInThread(thread, pass, partsOf(index + 1)),
    );
    // All are waited for, whatever happens: a shard that is left behind would write into the next run.
    const settled = await Promise.allSettled([this.runHere(pass, partsOf(0)), ...busy]);
    const outcomes = settled.flatMap((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    return { ...sumOutcomes(outcomes, batch.batch), embedded };
  }

  private async runHere({ batch, feeds, step, embedded }: Pass, parts: readonly Part[]) {
    const outcomes: Outcome[] = [];
    for (const part of parts) {
      const weight = part.texts / batch.batch;
      const shape = [part.texts, batch.length, this.plan.embeddingSize ?? 0];
      const rows = this.rowsOf(feeds, batch, part);
      const own = rows ? { ...feeds, [EMBEDDED]: new Tensor("float32", rows, shape) } : feeds;
      const result = await this.graph.run(partOf(batch, this.plan, part), own, step, part.shard);
      for (const gradient of result.gradients.values()) scaleInto(gradient, gradient, weight);
      if (embedded && result.embedded) {
        scaleInto(this.memory.stretch(embedded, batch, part), result.embedded, weight);
      }
      outcomes.push({ ...part, ...result });
    }
    return outcomes;
  }

  private async runInThread(
    thread: ShardThread,
    { batch, feeds, step, embedded }: Pass,
    parts: readonly Part[],
  ): Promise<Outcome[]> {
    if (parts.length === 0) return [];
    const tasks = parts.map((part): ShardTask => {
      const rows = this.rowsOf(feeds, batch, part);
      const shared = rows && this.memory.stretch(this.memory.rowsOf(batch), batch, part);
      if (rows) shared?.set(rows);
      return {
        shard: part.shard,
        weight: part.texts / batch.batch,
        batch: copied(partOf(batch, this.plan, part)),
        rows: shared,
        gradients: this.memory.gradientsOf(part.shard),
        embedded: embedded && this.memory.stretch(embedded, batch, part),
      };
    });
    const losses = await thread.run({ step, parameters: this.memory.parameters, tasks });
    return losses.map(({ loss, terms, learned }, index) => {
      const part = parts[index]!;
      const gradients = this.memory.namedGradients(part.shard, learned);
      return { ...part, loss, terms, gradients };
    });
  }

  private rowsOf(feeds: Feeds, batch: Batch, part: Part): Float32Array | null {
    const rows = feeds[EMBEDDED];
    return rows ? this.memory.stretch(rows.data as Float32Array, batch, part) : null;
  }
}

/** The batch with arrays of its own: a view's message would carry the whole array behind it. */
function copied(batch: Batch): Batch {
  const entries = Object.entries(batch.inputs).map(([name, data]) => [name, data.slice()] as const);
  return { ...batch, inputs: Object.fromEntries(entries) };
}
