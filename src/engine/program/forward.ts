import type { InferenceSession, Tensor } from "onnxruntime-node";
import { encodeModel } from "../graph/encode.ts";
import { createSession } from "../runtime/session.ts";
import { readOutputs } from "../runtime/tensors.ts";
import type { Batch, NamedArray, Program } from "../types.ts";
import { feedInputs, usedInputs } from "./feeds.ts";
import { traceForward } from "./graphs.ts";

/** The compiled forward pass of a program, without dropout. */
export class ForwardGraph {
  private readonly program: Program;
  private readonly session: InferenceSession;
  private readonly used: readonly string[];
  private readonly outputs: readonly string[];

  private constructor(
    program: Program,
    session: InferenceSession,
    used: readonly string[],
    outputs: readonly string[],
  ) {
    this.program = program;
    this.session = session;
    this.used = used;
    this.outputs = outputs;
  }

  static async create(program: Program, threads: number): Promise<ForwardGraph> {
    const { graph, result } = traceForward(program);
    const session = await createSession(encodeModel(graph), threads);
    return new ForwardGraph(program, session, usedInputs(graph, program), result);
  }

  /** @param feeds - parameters and embedded rows; those that the graph does not read are left out. */
  async run(
    batch: Batch,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, NamedArray>> {
    const wanted = new Set(this.session.inputNames);
    const given = Object.entries(feeds).filter(([name]) => wanted.has(name));
    const inputs = feedInputs(this.program, this.used, batch);
    const results = await this.session.run({ ...Object.fromEntries(given), ...inputs });
    return readOutputs(results, this.outputs);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
