import { describe, expect, it } from "vitest";
import { formatDevices } from "../../src/cli/doctor-table.ts";
import { createStyle } from "../../src/cli/style.ts";
import { chooseDevice, chooseFrom } from "../../src/devices/choose-device.ts";
import {
  describeDevice,
  DEVICES,
  examineDevices,
  largestDifference,
} from "../../src/devices/examine.ts";
import type { Probe } from "../../src/devices/examine.ts";
import type { ProbeRun } from "../../src/engine/devices/probe.ts";
import type { Device } from "../../src/engine/index.ts";

const CPU: ProbeRun = { losses: [2, 1], stepMs: 4 };

/** Devices that do as told; the others are missing. Notes which were tried. */
function fakeProbe(runs: Partial<Record<Device, ProbeRun>>): { probe: Probe; tried: Device[] } {
  const tried: Device[] = [];
  const probe: Probe = (device) => {
    tried.push(device);
    const result = runs[device];
    const problem = `Expected ${device}, got none.`;
    return Promise.resolve(result ? { result, problem: null } : { result: null, problem });
  };
  return { probe, tried };
}

describe("the doctor's reports", () => {
  it("hold every device against cpu, and say what is missing", async () => {
    const { probe, tried } = fakeProbe({ cpu: CPU, webgpu: { losses: [2, 1.002], stepMs: 3 } });
    const reports = await examineDevices(probe);
    expect(tried).toEqual(["cpu", "webgpu", "cuda", "tfjs-node", "tfjs-node-gpu"]);
    const [cpu, webgpu, cuda] = reports;
    expect(cpu).toMatchObject({ available: true, stepMs: 4, difference: 0, problem: null });
    // |1.002 - 1| / 1; the first step agrees.
    expect(webgpu!.difference).toBeCloseTo(0.002, 12);
    expect(cuda).toMatchObject({ available: false, stepMs: null, difference: null });
    expect(cuda!.problem).toBe("Expected cuda, got none.");
    for (const { needs } of reports) expect(needs).not.toBe("");
  });

  it("take NaN for the largest difference there is", () => {
    expect(largestDifference([2, NaN, 1], [2, 1, 1])).toBe(Infinity);
    expect(largestDifference([2.2, 1], [2, 1])).toBeCloseTo(0.1, 12);
  });

  it("become a table with a line per device, and sentences beneath", async () => {
    const { probe } = fakeProbe({ cpu: CPU, webgpu: { losses: [2, 1.002], stepMs: 3.87654 } });
    const reports = await examineDevices(probe);
    const text = formatDevices(reports, chooseFrom(reports), createStyle(false));
    const lines = text.split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "device         there  small step  difference from cpu",
      "cpu              yes     4.00 ms                    —",
      "webgpu           yes     3.88 ms               2.0e-3",
      "cuda              no           —                    —",
    ]);
    for (const device of DEVICES) expect(lines).toContain(device);
    expect(lines).toContain("  Expected cuda, got none.");
    expect(lines.at(-1)).toMatch(/^auto is webgpu: it makes .* to 2e-3; cuda is not there\.$/);
  });
});

describe("the device auto", () => {
  it("is the first that is there, and then no other is tried", async () => {
    const { probe, tried } = fakeProbe({ cpu: CPU, cuda: { losses: [2, 1], stepMs: 1 } });
    const { device, reason } = await chooseDevice(probe);
    expect(device).toBe("cuda");
    expect(reason).toBe(
      "cuda: it makes a small training step in 1.0 ms and agrees with cpu to 0e+0.",
    );
    expect(tried).toEqual(["cuda", "cpu"]);
  });

  it("is cpu, untried, where there is nothing else", async () => {
    const { probe, tried } = fakeProbe({ cpu: CPU });
    expect(await chooseDevice(probe)).toEqual({
      device: "cpu",
      reason: "cpu, since cuda is not there and webgpu is not there.",
    });
    expect(tried).toEqual(["cuda", "webgpu"]);
  });

  it("passes over what computes something else, and over what is slower than cpu", async () => {
    const runs = {
      cpu: CPU,
      // 1.03 is 0.03 away from 1, more than the hundredth that is let pass.
      cuda: { losses: [2, 1.03], stepMs: 1 },
      // 1.5 times cpu's 4 ms.
      webgpu: { losses: [2, 1], stepMs: 6 },
    };
    const { device, reason } = await chooseDevice(fakeProbe(runs).probe);
    expect(device).toBe("cpu");
    expect(reason).toBe(
      "cpu, since the losses of cuda are 0.030 away from cpu's and webgpu takes 1.5 times as long as cpu.",
    );
    const passed = { ...runs, webgpu: { losses: [2, 1.005], stepMs: 4 } };
    const choice = await chooseDevice(fakeProbe(passed).probe);
    expect(choice.device).toBe("webgpu");
    expect(choice.reason).toMatch(/^webgpu: .*; the losses of cuda are/);
  });

  it("is not judged by a cpu that could not be tried", () => {
    const end = { result: { losses: [2, 1], stepMs: 100 }, problem: null };
    const none = { result: null, problem: "gone" };
    const reports = [describeDevice("cpu", none, null), describeDevice("webgpu", end, null)];
    expect(chooseFrom(reports).device).toBe("webgpu");
  });
});
