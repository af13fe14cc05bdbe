import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { Graph } from "../../src/engine/graph/graph.ts";
import { DeviceSession, PROVIDERS } from "../../src/engine/devices/gpu-session.ts";
import { disposeAll, Transfer } from "../../src/engine/devices/gpu-tensors.ts";

async function compileOn(device: string): Promise<string> {
  const script = new URL("train-somewhere.ts", import.meta.url).pathname;
  const none = { VK_ICD_FILENAMES: "/nonexistent", VK_DRIVER_FILES: "/nonexistent" };
  const environment = { ...process.env, ...none, CUDA_VISIBLE_DEVICES: "" };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", script, device],
    { env: environment },
  );
  return stdout;
}

describe("a device that is not there", () => {
  it("webgpu without a driver is an error that says what it needs", async () => {
    expect(await compileOn("webgpu")).toMatch(
      /^E_DEVICE: Expected device webgpu to be ready, got ".*adapter.*"\. It needs a GPU that WebGPU can reach .*Vulkan/,
    );
  });

  it("cuda without its libraries or a GPU is an error that says what it needs", async () => {
    expect(await compileOn("cuda")).toMatch(
      /^E_DEVICE: Expected device cuda to be ready, got .*\. It needs an NVIDIA GPU with CUDA 12/,
    );
  });
});

describe("tensors on webgpu", () => {
  it("stay there unless they are asked for, and come back as they went", async () => {
    const graph = new Graph();
    graph.inputs.push({ name: "x", shape: ["n"], type: "float32" });
    for (const name of ["kept", "read"]) {
      graph.nodes.push({ operator: "Neg", inputs: ["x"], outputs: [name], attributes: {} });
      graph.outputs.push({ name, shape: ["n"], type: "float32" });
    }
    const provider = PROVIDERS.webgpu;
    const session = await DeviceSession.create(graph, provider, (name) => name === "read");
    const transfer = new Transfer(new Map([["x", ["n"]]]), provider);
    const data = Float32Array.of(1, -2.5, 1e-30);
    const x = (await transfer.toDevice(new Map([["x", { shape: [3], data }]]))).get("x")!;
    expect(x.location).toBe("gpu-buffer");
    const { kept, read } = await session.run({ x });
    expect(kept!.location).toBe("gpu-buffer");
    expect([...(read!.data as Float32Array)]).toEqual([...data.map((value) => -value)]);
    const back = await transfer.toHost(new Map([["x", x]]));
    expect(back.get("x")).toEqual({ shape: [3], data });
    disposeAll([x, kept!]);
    await Promise.all([session.release(), transfer.release()]);
  });
});
