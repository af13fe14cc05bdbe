import type { ProbeRun } from "../engine/devices/probe.ts";
import type { Device } from "../engine/types.ts";
import { runWorker } from "../platform/worker.ts";
import type { WorkerEnd } from "../platform/worker.ts";

/** Every device, with what it needs. */
export const NEEDS: Readonly<Record<Device, string>> = {
  cpu: "nothing: ONNX Runtime for the processor is part of the installation",
  webgpu: "a GPU of any make, with a driver for Vulkan, Metal or Direct3D 12",
  cuda: "an NVIDIA GPU with its driver, and the CUDA provider of ONNX Runtime with CUDA and cuDNN",
  "tfjs-node":
    "the package @tensorflow/tfjs-node with a binding, on Node 20 or 22; `doctor --build-tfjs-node` builds one",
  "tfjs-node-gpu":
    "an NVIDIA GPU with its driver, and the package @tensorflow/tfjs-node-gpu with a binding, on Node 20 or 22; `doctor --build-tfjs-node --gpu` builds one",
};

/** In the order in which they are shown. */
export const DEVICES = Object.keys(NEEDS) as Device[];

/** How one device did. */
export interface DeviceReport {
  device: Device;
  available: boolean;
  needs: string;
  /** In one sentence or two, why it is not there; null where it is. */
  problem: string | null;
  /** A small training step, the median of five. */
  stepMs: number | null;
  /** Largest difference of a loss from cpu's, relative to it, over six steps. */
  difference: number | null;
}

/** How a device is tried: a run, or why there is none. */
export type Probe = (device: Device) => Promise<WorkerEnd<ProbeRun>>;

/** Building shaders in software takes a while; a driver that hangs takes for ever. */
const LIMIT_MS = 120_000;

/** Tries a device in a process of its own: whatever its driver does, this one goes on. */
export const probeInProcess: Probe = (device) =>
  runWorker<ProbeRun>({
    base: import.meta.url,
    path: "./probe-worker",
    parameters: [device],
    limitMs: LIMIT_MS,
  });

/** `max |a - b| / |b|` over the steps; infinite where one is not a number. */
export function largestDifference(losses: readonly number[], reference: readonly number[]): number {
  return losses.reduce((largest, loss, step) => {
    const difference = Math.abs(loss - reference[step]!) / Math.abs(reference[step]!);
    return Number.isNaN(difference) ? Infinity : Math.max(largest, difference);
  }, 0);
}

/** What a probe's end says about a device, held against cpu's where that ran. */
export function describeDevice(
  device: Device,
  end: WorkerEnd<ProbeRun>,
  reference: ProbeRun | null,
): DeviceReport {
  const { result, problem } = end;
  return {
    device,
    available: result !== null,
    needs: NEEDS[device],
    problem,
    stepMs: result?.stepMs ?? null,
    difference: result && reference && largestDifference(result.losses, reference.losses),
  };
}

/** Tries every device, one after the other, cpu first. */
export async function examineDevices(
  probe: Probe = probeInProcess,
  report: (device: Device) => void = () => undefined,
): Promise<DeviceReport[]> {
  let reference: ProbeRun | null = null;
  const reports: DeviceReport[] = [];
  for (const device of DEVICES) {
    report(device);
    const end = await probe(device);
    if (device === "cpu") reference = end.result;
    reports.push(describeDevice(device, end, reference));
  }
  return reports;
}
