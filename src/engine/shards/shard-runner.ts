import { Tensor } from "onnxruntime-node";
import type { TrainingPlan } from "../program/training-plan.ts";
import type { Feeds, TrainingGraph } from "../program/training.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
import { layOut, scaleInto } from "./memory.ts";
import type { Layout } from "./memory.ts";
import type { RunMessage, ShardLoss, ShardTask } from "./protocol.ts";

/**
 * Runs shards in a thread. ONNX Runtime's binding refuses arrays in shared memory, as inputs and as outputs, so the
 * thread has copies of its own: of the parameters once per run, of rows and gradients once per shard.
 */
export class ShardRunner {
  private readonly graph: TrainingGraph;
  private readonly plan: TrainingPlan;
  private readonly layout: Layout;
  private readonly parameters: Float32Array;
  private readonly feeds: Feeds;
  private rows = new Float32Array(0);

  constructor(plan: TrainingPlan, graph: TrainingGraph) {
    this.plan = plan;
    this.graph = graph;
    this.layout = layOut(plan.parameters);
    this.parameters = new Float32Array(this.layout.size);
    const feeds = plan.parameters.map(({ name, shape }) => {
      const { offset, size } = this.layout.places.get(name)!;
      const values = this.parameters.subarray(offset, offset + size);
      return [names.parameter(name), new Tensor("float32", values, shape)] as const;
    });
    this.feeds = Object.fromEntries(feeds);
  }

  async run({ step, parameters, tasks }: Omit<RunMessage, "kind">): Promise<ShardLoss[]> {
    this.parameters.set(parameters);
    const losses: ShardLoss[] = [];
    for (const task of tasks) losses.push(await this.runTask(task, step));
    return losses;
  }

  release(): Promise<void> {
    return this.graph.release();
  }

  private async runTask(task: ShardTask, step: number): Promise<ShardLoss> {
    const { shard, weight, batch } = task;
    const feeds = { ...this.feeds, ...this.embeddedRows(task) };
    const { loss, terms, gradients, embedded } = await this.graph.run(batch, feeds, step, shard);
    for (const [name, gradient] of gradients) {
      const { offset, size } = this.layout.places.get(name)!;
      scaleInto(task.gradients.subarray(offset, offset + size), gradient, weight);
    }
    if (task.embedded && embedded) scaleInto(task.embedded, embedded, weight);
    return { loss, terms, learned: [...gradients.keys()] };
  }

  private embeddedRows({ rows, batch }: ShardTask): Record<string, Tensor> {
    if (!rows) return {};
    if (this.rows.length < rows.length) this.rows = new Float32Array(Math.ceil(1.25 * rows.length));
    const own = this.rows.subarray(0, rows.length);
    own.set(rows);
    const shape = [batch.batch, batch.length, this.plan.embeddingSize!];
    return { [EMBEDDED]: new Tensor("float32", own, shape) };
  }
}
