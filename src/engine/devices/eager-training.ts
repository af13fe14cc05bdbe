import { eagerContext } from "../dropout/contexts.ts";
import { DropoutPool } from "../dropout/dropout-pool.ts";
import { feedInputs, usedInputs } from "../program/feeds.ts";
import { traceTraining } from "../program/graphs.ts";
import type { TrainingResult } from "../program/training.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
import { tf } from "../tfjs.ts";
import type { Batch, Program, Tensors } from "../types.ts";
import { readValues, runOn, tensorsOf } from "./eager-run.ts";
import type { Feeds } from "./eager-run.ts";

export interface EagerTrainingOptions {
  seed: number;
  /** Name of a tfjs backend. */
  backend: string;
  /** Parameters, and the embedding, that need no gradient. */
  frozen: ReadonlySet<string>;
}

/** The training step of a program, each operation run at once by a tfjs backend; as `TrainingGraph`. */
export class EagerTraining {
  private readonly program: Program;
  private readonly backend: string;
  private readonly masks: DropoutPool;
  private readonly used: readonly string[];
  /** Whose gradients are asked for: parameters, and `embedded`. */
  private readonly learned: readonly string[];

  /**
   * Traces the program too, which computes nothing: it tells which inputs are read, and a program that another device
   * would refuse is refused here in the same words.
   */
  constructor(program: Program, { seed, backend, frozen }: EagerTrainingOptions) {
    this.program = program;
    this.backend = backend;
    this.masks = new DropoutPool(seed);
    const { graph } = traceTraining(program, frozen);
    this.used = usedInputs(graph, program);
    const prefix = names.gradient("");
    this.learned = graph.outputs.flatMap(({ name }) =>
      name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
    );
  }

  /** @param step - number of the coming draw of dropout masks. */
  // eslint-disable-next-line @typescript-eslint/require-await -- graphs have to wait
  async run(batch: Batch, feeds: Feeds, step: number): Promise<TrainingResult> {
    const all = { ...feeds, ...feedInputs(this.program, this.used, batch) };
    return runOn(this.backend, () => this.compute(all, step));
  }

  async release(): Promise<void> {
    // Every run has freed its tensors.
  }

  private compute(feeds: Feeds, step: number): TrainingResult {
    const { program } = this;
    const { parameters, inputs } = tensorsOf(program, feeds);
    const reported: Record<string, number> = {};
    const computeLoss = (): tf.Scalar => {
      const outputs = program.forward(parameters, inputs, eagerContext(this.masks, step));
      const { loss, terms = {} } = program.loss(outputs, inputs, parameters);
      for (const [name, term] of Object.entries(terms)) reported[name] = readValues(term)[0]!;
      return loss;
    };
    const tensors: Tensors = { ...inputs, ...parameters };
    const { value, grads } = tf.engine().gradients(
      computeLoss,
      this.learned.map((name) => tensors[name]!),
    );
    const gradients = new Map(
      this.learned.map((name, index) => [name, readValues(grads[index]!)] as const),
    );
    const embedded = gradients.get(EMBEDDED) ?? null;
    gradients.delete(EMBEDDED);
    return { loss: readValues(value)[0]!, terms: reported, gradients, embedded };
  }
}
