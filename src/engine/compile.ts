import { compileEagerly } from "./devices/eager.ts";
import { isEagerDevice } from "./devices/eager-load.ts";
import { CompiledModel } from "./program/compiled-model.ts";
import type { CompiledProgram, CompileOptions, Program } from "./types.ts";

/**
 * Compiles a program: traces a whole training step, forward and backward, once into ONNX and prepares it in ONNX
 * Runtime for any batch size and length. The embedding's rows and the optimizer stay on the host.
 *
 * The same program, options and batches give the same weights, bit for bit, on the same machine.
 *
 * @throws EngineError `E_UNSUPPORTED_OP`, `E_READ_IN_TRACE`, `E_RANDOM_IN_TRACE` or `E_SHAPE` where the program cannot
 * be traced, naming its line; `E_STATE` naming a parameter that does not reach the loss; `E_DEVICE` saying
 * what the device lacks.
 */
export function compile(program: Program, options: CompileOptions): Promise<CompiledProgram> {
  const { device = "cpu" } = options;
  if (isEagerDevice(device)) return compileEagerly(program, options, device);
  return CompiledModel.create(program, options);
}
