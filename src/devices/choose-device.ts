import type { Device } from "../engine/types.ts";
import { describeDevice, probeInProcess } from "./examine.ts";
import type { DeviceReport, Probe } from "./examine.ts";

export interface Choice {
  device: Device;
  /** In one sentence. */
  reason: string;
}

/** Losses further from cpu's than this, relative to them, come from another program. TF32 products keep within. */
const AGREEMENT = 1e-2;

const UNTRIED = { result: null, problem: "not tried" };

/** Why a device is not to be taken, or null. */
function objection({ device, problem, stepMs, difference }: DeviceReport, cpu: DeviceReport) {
  if (problem !== null) return `${device} is not there`;
  if ((difference ?? 0) > AGREEMENT) {
    return `the losses of ${device} are ${(difference ?? 0).toPrecision(2)} away from cpu's`;
  }
  if (cpu.stepMs !== null && (stepMs ?? 0) > cpu.stepMs) {
    return `${device} takes ${((stepMs ?? 0) / cpu.stepMs).toPrecision(2)} times as long as cpu`;
  }
  return null;
}

/** The first of cuda and webgpu that speaks for itself, else cpu; with the reason. */
export function chooseFrom(reports: readonly DeviceReport[]): Choice {
  const find = (wanted: Device) => reports.find(({ device }) => device === wanted);
  const cpu = find("cpu");
  const objections: string[] = [];
  for (const device of ["cuda", "webgpu"] as const) {
    const report = find(device);
    if (!report || !cpu) continue;
    const against = objection(report, cpu);
    if (against !== null) {
      objections.push(against);
      continue;
    }
    const agreement = report.difference?.toExponential(0) ?? "?";
    const step = report.stepMs?.toPrecision(2) ?? "?";
    const facts = `it makes a small training step in ${step} ms and agrees with cpu to ${agreement}`;
    return { device, reason: `${[`${device}: ${facts}`, ...objections].join("; ")}.` };
  }
  return {
    device: "cpu",
    reason: `cpu, since ${objections.join(" and ") || "it is always there"}.`,
  };
}

/**
 * What the device `auto` means on this machine: cuda, webgpu or cpu, the first that makes real training steps, agrees
 * with cpu, and is no slower: a GPU may be one in software, or too far from the processor for a recurrence. Each is
 * tried in a process of its own; cpu only where another has to be held against it.
 */
export async function chooseDevice(probe: Probe = probeInProcess): Promise<Choice> {
  const reports: DeviceReport[] = [];
  let cpu: Awaited<ReturnType<Probe>> | null = null;
  for (const device of ["cuda", "webgpu"] as const) {
    const end = await probe(device);
    if (end.result) cpu ??= await probe("cpu");
    reports.push(describeDevice(device, end, cpu?.result ?? null));
    const choice = chooseFrom([...reports, describeDevice("cpu", cpu ?? UNTRIED, null)]);
    if (choice.device === device) return choice;
  }
  return chooseFrom([...reports, describeDevice("cpu", cpu ?? UNTRIED, null)]);
}
