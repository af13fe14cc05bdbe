import type { InferenceSession, Tensor } from "onnxruntime-node";
import { MaskFeeds } from "../dropout/mask-feeds.ts";
import { EngineError } from "../errors.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
import { createSession } from "../runtime/session.ts";
import type { Batch } from "../types.ts";
import { feedInputs } from "./feeds.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** What one run of the training graph gives; the gradients' arrays are the caller's to keep. */
export interface TrainingResult {
  loss: number;
  terms: Record<string, number>;
  /** By parameter that is not frozen. */
  gradients: Map<string, Float32Array>;
  /** Gradient of the gathered embedding rows, `[B, L, size]`: valid until the next run; null where there are none. */
  embedded: Float32Array | null;
}

/** Parameters and the gathered embedding rows, by the names of the graph's inputs. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Loss and gradients of a batch, however they are computed. */
export interface GradientSource {
  /** To be awaited before the first run, where there is something to wait for. */
  ready?(): Promise<void>;
  /** @param step - number of the coming update, which chooses the dropout masks. */
  run(batch: Batch, feeds: Feeds, step: number): Promise<TrainingResult>;
  release(): Promise<void>;
}

const GRADIENT = names.gradient("");
const TERM = names.term("");

/** The compiled training step of a program in one session: loss and gradients, without the update. */
export class TrainingGraph implements GradientSource {
  private readonly plan: TrainingPlan;
  private readonly session: InferenceSession;
  private readonly masks: MaskFeeds;

  private constructor(plan: TrainingPlan, session: InferenceSession) {
    this.plan = plan;
    this.session = session;
    this.masks = new MaskFeeds(plan, plan);
  }

  /** @param threads - inside one operator. */
  static async open(plan: TrainingPlan, threads: number): Promise<TrainingGraph> {
    return new TrainingGraph(plan, await createSession(plan.model, threads));
  }

  /** @param shard - which part of a larger batch this is: each has dropout masks of its own. */
  async run(batch: Batch, feeds: Feeds, step: number, shard = 0): Promise<TrainingResult> {
    const results = await this.session.run({
      ...feeds,
      ...feedInputs(this.plan, this.plan.used, batch),
      ...this.masks.feeds(batch, step, shard),
    });
    const data = (name: string) => results[name]!.data as Float32Array;
    const named = (prefix: string) =>
      this.session.outputNames
        .filter((name) => name.startsWith(prefix))
        .map((name) => [name.slice(prefix.length), data(name)] as const);
    const gradients = new Map(named(GRADIENT));
    const embedded = this.plan.learnsEmbedding ? gradients.get(EMBEDDED) : undefined;
    if (embedded) gradients.delete(EMBEDDED);
    const terms = named(TERM).map(([name, values]) => [name, values[0]!] as const);
    return {
      loss: data(names.loss)[0]!,
      terms: Object.fromEntries(terms),
      gradients,
      embedded: embedded ?? null,
    };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Names what is wrong in a result that holds NaN or infinity. */
export function nonFiniteError(step: number, what: string, cause?: unknown): EngineError {
  return new EngineError("E_NONFINITE", `Step ${step}: ${what}`, { cause });
}
