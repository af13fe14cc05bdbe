import { EngineError } from "../errors.ts";
import type { Device } from "../types.ts";

const NEEDS: Readonly<Record<string, string>> = {
  webgpu:
    "a GPU that WebGPU can reach (on Linux a Vulkan driver and libvulkan.so.1, x64 only; on Windows and macOS the system's own)",
  cuda: "an NVIDIA GPU with CUDA 12 and cuDNN 9 on Linux x64, and ONNX Runtime's CUDA libraries, which its install script fetches (node node_modules/onnxruntime-node/script/install.js)",
};

// WebGPU binds a tensor that is too large for one binding in parts, and runs out of bindings.
const OUT_OF_MEMORY = /out of memory|alloc|buffer size|storage buffers/i;

/** A device that cannot be had at all: missing, or one that leaves the work to the processor. */
export function missingDevice(device: Device, cause: unknown): EngineError {
  return new EngineError(
    "E_DEVICE",
    `Expected device ${device} to be ready, got ${reason(cause)}. It needs ${NEEDS[device] ?? "a runtime that has it"}; the device cpu needs nothing. See docs/devices.md.`,
    { cause },
  );
}

/** What went wrong while a device was at work. Nothing that it held has changed. */
export function failedRun(device: Device, cause: unknown): EngineError {
  const text = reason(cause);
  const message = OUT_OF_MEMORY.test(text)
    ? `Expected a step that fits the memory of device ${device}, got ${text}. Use smaller batches (step takes several, and makes one update of them) or a smaller embedding table.`
    : `Expected device ${device} to run the step, got ${text}. See docs/devices.md, or use the device cpu.`;
  return new EngineError("E_DEVICE", message, { cause });
}

/** The runtime's message without its source lines. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [line = ""] = text.trim().split("\n");
  const told = /was false\. (.*)$/.exec(line)?.[1] ?? line;
  return `"${told.replace(/[."]+$/, "")}"`;
}
