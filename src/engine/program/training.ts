import { Tensor } from "onnxruntime-node";
import type { InferenceSession } from "onnxruntime-node";
import type { DropoutLayer } from "../dropout/contexts.ts";
import { DropoutPool } from "../dropout/dropout-pool.ts";
import { EngineError } from "../errors.ts";
import { encodeModel } from "../graph/encode.ts";
import { evaluateSize } from "../graph/symbols.ts";
import type { Tags } from "../graph/symbols.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
import { createSession } from "../runtime/session.ts";
import type { Batch, Program } from "../types.ts";
import { feedInputs, usedInputs } from "./feeds.ts";
import { traceTraining } from "./graphs.ts";

/** What one run of the training graph gives; arrays are the runtime's own. */
export interface TrainingResult {
  loss: number;
  terms: Record<string, number>;
  /** By parameter that is not frozen. */
  gradients: Map<string, Float32Array>;
  /** Gradient of the gathered embedding rows, `[B, L, size]`; null where there are none, or frozen. */
  embedded: Float32Array | null;
}

type Feeds = Readonly<Record<string, Tensor>>;

/** The compiled training step of a program: loss and gradients, without the update. */
export class TrainingGraph {
  private readonly program: Program;
  private readonly session: InferenceSession;
  private readonly used: readonly string[];
  private readonly layers: readonly DropoutLayer[];
  private readonly tags: Tags;
  private readonly masks: DropoutPool;
  private readonly outputs: ReadonlySet<string>;

  private constructor(parts: {
    program: Program;
    session: InferenceSession;
    used: readonly string[];
    layers: readonly DropoutLayer[];
    tags: Tags;
    masks: DropoutPool;
  }) {
    this.program = parts.program;
    this.session = parts.session;
    this.used = parts.used;
    this.layers = parts.layers;
    this.tags = parts.tags;
    this.masks = parts.masks;
    this.outputs = new Set(parts.session.outputNames);
  }

  static async create(
    program: Program,
    options: {
      seed: number;
      threads: number;
      maxTokens: number;
      frozen: ReadonlySet<string>;
    },
  ): Promise<TrainingGraph> {
    const { graph, result: layers, tags } = traceTraining(program, options.frozen);
    const session = await createSession(encodeModel(graph), options.threads);
    const used = usedInputs(graph, program);
    // Sizes that grow with B · L; those that grow with L · L are not known yet.
    const largest = { B: options.maxTokens, L: 1 };
    const sizes = layers.map(({ shape }) =>
      shape.reduce((product, size) => product * evaluateSize(size, tags, largest), 1),
    );
    const masks = new DropoutPool(options.seed, Math.max(0, ...sizes));
    return new TrainingGraph({ program, session, used, layers, tags, masks });
  }

  /** @param step - number of the coming update, which chooses the dropout masks. */
  async run(batch: Batch, feeds: Feeds, step: number): Promise<TrainingResult> {
    const results = await this.session.run({
      ...feeds,
      ...feedInputs(this.program, this.used, batch),
      ...this.dropoutFeeds(batch, step),
    });
    const data = (name: string) => results[name]!.data as Float32Array;
    const gradients = this.program.parameters
      .filter(({ name }) => this.outputs.has(names.gradient(name)))
      .map(({ name }) => [name, data(names.gradient(name))] as const);
    const terms = this.session.outputNames
      .filter((name) => name.startsWith(names.term("")))
      .map((name) => [name.slice(names.term("").length), data(name)[0]!] as const);
    return {
      loss: data(names.loss)[0]!,
      terms: Object.fromEntries(terms),
      gradients: new Map(gradients),
      embedded: this.outputs.has(names.gradient(EMBEDDED)) ? data(names.gradient(EMBEDDED)) : null,
    };
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private dropoutFeeds({ batch, length }: Batch, step: number): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    this.layers.forEach(({ input, rate, shape }, layer) => {
      const sizes = shape.map((size) => evaluateSize(size, this.tags, { B: batch, L: length }));
      const size = sizes.reduce((product, count) => product * count, 1);
      feeds[input] = new Tensor("float32", this.masks.mask({ rate, step, layer, size }), sizes);
    });
    return feeds;
  }
}

/** Names what is wrong in a result that holds NaN or infinity. */
export function nonFiniteError(step: number, what: string, cause?: unknown): EngineError {
  return new EngineError("E_NONFINITE", `Step ${step}: ${what}`, { cause });
}
