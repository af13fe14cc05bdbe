import { inferenceContext } from "../dropout/contexts.ts";
import { feedInputs, usedInputs } from "../program/feeds.ts";
import { traceForward } from "../program/graphs.ts";
import type { Batch, NamedArray, Program } from "../types.ts";
import { readArray, runOn, tensorsOf } from "./eager-run.ts";
import type { Feeds } from "./eager-run.ts";

/** The forward pass of a program without dropout, run by a tfjs backend; as `ForwardGraph`. */
export class EagerForward {
  private readonly program: Program;
  private readonly backend: string;
  private readonly used: readonly string[];

  constructor(program: Program, backend: string) {
    this.program = program;
    this.backend = backend;
    this.used = usedInputs(traceForward(program).graph, program);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- graphs have to wait
  async run(batch: Batch, feeds: Feeds): Promise<Record<string, NamedArray>> {
    const all = { ...feeds, ...feedInputs(this.program, this.used, batch) };
    return runOn(this.backend, () => {
      const { parameters, inputs } = tensorsOf(this.program, all);
      const outputs = this.program.forward(parameters, inputs, inferenceContext);
      const arrays = Object.entries(outputs).map(([name, x]) => [name, readArray(x)] as const);
      return Object.fromEntries(arrays);
    });
  }

  async release(): Promise<void> {
    // Every run has freed its tensors.
  }
}
