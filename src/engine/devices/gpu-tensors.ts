import { Tensor } from "onnxruntime-node";
import { Graph } from "../graph/graph.ts";
import type { NamedArray } from "../types.ts";
import { DeviceSession } from "./gpu-session.ts";
import type { Feeds, Provider } from "./gpu-session.ts";

/** Sizes of a tensor; a name stands for one that is not known before. */
export type Sizes = readonly (number | string)[];

/** Gives the memory back. ONNX Runtime frees a buffer on the device only when told so. */
export function disposeAll(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) if (tensor.location !== "cpu") tensor.dispose();
}

/**
 * Moves tensors of known names to a device and back, through a graph that does nothing else: reading such a tensor
 * with `getData` ends the process.
 */
export class Transfer {
  private readonly shapes: ReadonlyMap<string, Sizes>;
  private readonly provider: Provider;
  private upward: Promise<DeviceSession> | null = null;
  private downward: Promise<DeviceSession> | null = null;

  constructor(shapes: ReadonlyMap<string, Sizes>, provider: Provider) {
    this.shapes = shapes;
    this.provider = provider;
  }

  async toDevice(arrays: ReadonlyMap<string, NamedArray>): Promise<Map<string, Tensor>> {
    const tensors = new Map(
      [...arrays].map(([name, { shape, data }]) => [
        name,
        // A copy: the arrays are the caller's, and are read when the session runs.
        new Tensor("float32", data.slice(), shape),
      ]),
    );
    if (!this.provider.resident) return tensors;
    this.upward ??= DeviceSession.create(this.graph(), this.provider, () => false);
    return this.pass(await this.upward, tensors);
  }

  /** Copies on the host. */
  async toHost(tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, NamedArray>> {
    let onHost = tensors;
    if (this.provider.resident) {
      this.downward ??= DeviceSession.create(this.graph(), this.provider, () => true);
      onHost = await this.pass(await this.downward, tensors);
    }
    return new Map(
      [...onHost].map(([name, tensor]) => [
        name,
        { shape: [...tensor.dims], data: (tensor.data as Float32Array).slice() },
      ]),
    );
  }

  async release(): Promise<void> {
    await (await this.upward)?.release();
    await (await this.downward)?.release();
  }

  private async pass(
    session: DeviceSession,
    tensors: ReadonlyMap<string, Tensor>,
  ): Promise<Map<string, Tensor>> {
    const feeds: Feeds = Object.fromEntries(
      [...tensors].map(([name, tensor]) => [`from/${name}`, tensor]),
    );
    const results = await session.run(feeds);
    return new Map([...tensors.keys()].map((name) => [name, results[`to/${name}`]!]));
  }

  private graph(): Graph {
    const graph = new Graph();
    for (const [name, shape] of this.shapes) {
      const [input, output] = [`from/${name}`, `to/${name}`];
      graph.inputs.push({ name: input, shape, type: "float32" });
      graph.outputs.push({ name: output, shape, type: "float32" });
      graph.nodes.push({
        operator: "Identity",
        inputs: [input],
        outputs: [output],
        attributes: {},
      });
    }
    return graph;
  }
}
