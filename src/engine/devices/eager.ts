import { CompiledModel } from "../program/compiled-model.ts";
import type { CompiledProgram, CompileOptions, Program } from "../types.ts";
import { EagerForward } from "./eager-forward.ts";
import { loadTfjsNode } from "./eager-load.ts";
import type { EagerDevice } from "./eager-load.ts";
import { EagerTraining } from "./eager-training.ts";

/**
 * A program that TensorFlow's own kernels run, operation by operation, through `@tensorflow/tfjs-node` or its GPU
 * twin. Parameters, embedding table and optimizer stay on the host, as on the device `cpu`;
 * `threads`, `shards` and `workers` do not act.
 *
 * @throws EngineError `E_DEVICE` saying what is missing; otherwise as `compile`.
 */
export async function compileEagerly(
  program: Program,
  options: CompileOptions,
  device: EagerDevice,
): Promise<CompiledProgram> {
  return compileOn(await loadTfjsNode(device), program, { ...options, device });
}

/** The same on any tfjs backend that is registered, such as tfjs's own `cpu`: slow, but always there. */
export function compileOn(
  backend: string,
  program: Program,
  options: CompileOptions & { device: EagerDevice },
): Promise<CompiledProgram> {
  const { seed, device } = options;
  return CompiledModel.create(program, options, {
    device,
    // eslint-disable-next-line @typescript-eslint/require-await -- graphs have to wait
    training: async (frozen) => new EagerTraining(program, { seed, backend, frozen }),
    // eslint-disable-next-line @typescript-eslint/require-await
    forward: async () => new EagerForward(program, backend),
  });
}
