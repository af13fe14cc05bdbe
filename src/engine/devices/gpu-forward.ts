import { feedInputs, usedInputs } from "../program/feeds.ts";
import { readOutputs } from "../runtime/tensors.ts";
import type { Batch, NamedArray } from "../types.ts";
import { distinctRows, tokenFeeds } from "./gpu-feeds.ts";
import { traceDeviceForward } from "./gpu-graphs.ts";
import { DeviceSession } from "./gpu-session.ts";
import type { Feeds, Provider } from "./gpu-session.ts";
import type { DeviceSettings } from "./gpu-settings.ts";

/** The forward pass of a program on a device, without dropout. */
export class DeviceForward {
  private readonly settings: DeviceSettings;
  private readonly session: DeviceSession;
  private readonly used: readonly string[];
  private readonly outputs: readonly string[];

  private constructor(
    settings: DeviceSettings,
    session: DeviceSession,
    traced: { used: readonly string[]; outputs: readonly string[] },
  ) {
    this.settings = settings;
    this.session = session;
    this.used = traced.used;
    this.outputs = traced.outputs;
  }

  static async create(settings: DeviceSettings, provider: Provider): Promise<DeviceForward> {
    const { graph, result: outputs } = traceDeviceForward(settings);
    const session = await DeviceSession.create(graph, provider, () => true);
    return new DeviceForward(settings, session, {
      used: usedInputs(graph, settings.program),
      outputs,
    });
  }

  async run(batch: Batch, state: Feeds): Promise<Record<string, NamedArray>> {
    const { program } = this.settings;
    const { embedding } = program;
    const results = await this.session.run({
      ...state,
      ...(embedding && tokenFeeds(distinctRows([batch], embedding), 0, batch)),
      ...feedInputs(program, this.used, batch),
    });
    return readOutputs(results, this.outputs);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
