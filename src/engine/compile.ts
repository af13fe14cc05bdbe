import { CompiledModel } from "./program/compiled-model.ts";
import type { CompiledProgram, CompileOptions, Program } from "./types.ts";

/**
 * Compiles a program: traces a whole training step, forward and backward, once into ONNX and prepares it in ONNX
 * Runtime for any batch size and length. The embedding's rows and the optimizer stay on the host; on `webgpu` and `cuda`
 * they are part of the graph (docs/devices.md).
 *
 * The same program, options and batches give the same weights, bit for bit, on the same machine.
 *
 * @throws EngineError `E_UNSUPPORTED_OP`, `E_READ_IN_TRACE`, `E_RANDOM_IN_TRACE` or `E_SHAPE` where the program cannot
 * be traced, naming its line; `E_STATE` naming a parameter that does not reach the loss; `E_DEVICE` if the device is
 * missing or fails, saying what it lacks.
 */
export async function compile(program: Program, options: CompileOptions): Promise<CompiledProgram> {
  const { device = "cpu" } = options;
  if (device === "cpu") return CompiledModel.create(program, options);
  // Loaded where asked for: a start on the processor takes less.
  if (device === "webgpu" || device === "cuda") {
    const { GpuModel } = await import("./devices/gpu-model.ts");
    const { PROVIDERS } = await import("./devices/gpu-session.ts");
    return GpuModel.create(program, options, PROVIDERS[device]);
  }
  const { compileEagerly } = await import("./devices/eager.ts");
  return compileEagerly(program, options, device);
}
