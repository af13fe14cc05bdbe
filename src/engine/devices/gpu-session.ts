import { InferenceSession, Tensor } from "onnxruntime-node";
import { encodeModel } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import type { Device } from "../types.ts";
import { failedRun, missingDevice } from "./gpu-errors.ts";

/** An execution provider of ONNX Runtime, and what it can do from Node. */
export interface Provider {
  name: "webgpu" | "cuda" | "cpu";
  device: Device;
  /**
   * Whether outputs can stay on the device and be inputs again. ONNX Runtime's binding for Node can bind buffers of
   * WebGPU only; with CUDA the parameters cross the bus in each step.
   */
  resident: boolean;
}

export const PROVIDERS = {
  webgpu: { name: "webgpu", device: "webgpu", resident: true },
  cuda: { name: "cuda", device: "cuda", resident: false },
} as const satisfies Record<string, Provider>;

export type Feeds = Readonly<Record<string, Tensor>>;

/** A graph on a device. */
export class DeviceSession {
  private readonly session: InferenceSession;
  private readonly provider: Provider;
  private readonly inputs: ReadonlySet<string>;

  private constructor(session: InferenceSession, provider: Provider) {
    this.session = session;
    this.provider = provider;
    this.inputs = new Set(session.inputNames);
  }

  /**
   * @param toHost - the outputs that are read on the host; the others stay where they are, if the provider can
   * @throws EngineError `E_DEVICE` if the provider cannot be had.
   */
  static async create(
    graph: Graph,
    provider: Provider,
    toHost: (output: string) => boolean,
  ): Promise<DeviceSession> {
    const locations = graph.outputs.map(
      ({ name }) => [name, toHost(name) ? "cpu" : "gpu-buffer"] as const,
    );
    try {
      const session = await InferenceSession.create(encodeModel(graph), {
        ...optionsFor(provider),
        ...(provider.resident && { preferredOutputLocation: Object.fromEntries(locations) }),
      });
      return new DeviceSession(session, provider);
    } catch (error) {
      throw missingDevice(provider.device, error);
    }
  }

  /**
   * Runs the graph with those of `feeds` that it reads.
   *
   * @throws EngineError `E_DEVICE` if the device fails, or has too little memory.
   */
  async run(feeds: Feeds): Promise<Record<string, Tensor>> {
    const read = Object.entries(feeds).filter(([name]) => this.inputs.has(name));
    try {
      return await this.session.run(Object.fromEntries(read));
    } catch (error) {
      throw failedRun(this.provider.device, error);
    }
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

function optionsFor(provider: Provider): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider.name],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
  };
}

/**
 * Multiplies two numbers on the device. ONNX Runtime gives nodes that a provider does not take to the processor and
 * says nothing; here that is forbidden, so that a device which is not there is told before a long training.
 *
 * @throws EngineError `E_DEVICE`
 */
export async function probeDevice(provider: Provider): Promise<void> {
  if (provider.name === "cpu") return;
  try {
    const session = await InferenceSession.create(encodeModel(productGraph()), {
      ...optionsFor(provider),
      extra: { session: { disable_cpu_ep_fallback: "1" } },
    });
    const x = new Tensor("float32", Float32Array.of(3), [1, 1]);
    const { y } = await session.run({ x });
    await session.release();
    const product = (y!.data as Float32Array)[0];
    if (product !== 6) throw new Error(`3 · 2 = ${String(product)}`);
  } catch (error) {
    throw missingDevice(provider.device, error);
  }
}

function productGraph(): Graph {
  const graph = new Graph();
  const two = graph.constant([2], [1, 1], "float32");
  graph.inputs.push({ name: "x", shape: [1, 1], type: "float32" });
  graph.outputs.push({ name: "y", shape: [1, 1], type: "float32" });
  graph.nodes.push({ operator: "MatMul", inputs: ["x", two], outputs: ["y"], attributes: {} });
  return graph;
}
