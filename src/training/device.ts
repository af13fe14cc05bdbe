import * as tf from "@tensorflow/tfjs";
import { compile } from "../engine/index.ts";
import type { Device, Program } from "../engine/types.ts";
import type { Recipe } from "../recipe/schema.ts";

/** Mean of `w · x`: as small as a program can be that makes an update. */
const PROBE: Program = {
  parameters: [{ name: "w", shape: [2], initializer: { kind: "ones" } }],
  inputs: { x: { shape: ["B", 2], dtype: "float32" } },
  forward: ({ w }, { x }) => ({ y: tf.mul(x!, w!) }),
  loss: ({ y }) => ({ loss: tf.mean(y!) }),
};

/**
 * The device that a recipe asks for. `auto` is CUDA where a small program makes a step on it, else the processor;
 * WebGPU is not among them, since it may be a processor that plays a card, a hundred times slower.
 */
export async function chooseDevice(
  wanted: Recipe["train"]["device"],
  works: (device: Device) => Promise<boolean> = makesStep,
): Promise<Device> {
  if (wanted !== "auto") return wanted;
  return (await works("cuda")) ? "cuda" : "cpu";
}

/** Whether a step can be made on a device; any reason why not is as good as another. */
export async function makesStep(device: Device): Promise<boolean> {
  const optimizer = {
    ...{ kind: "adamw" as const, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    weightDecay: 0,
  };
  try {
    const program = await compile(PROBE, { seed: 0, optimizer, device, maxTokens: 1 });
    try {
      const inputs = { x: Float32Array.of(1, 2) };
      await program.step({ batch: 1, length: 1, inputs }, { learningRate: 0.1 });
      return program.device === device;
    } finally {
      await program.dispose();
    }
  } catch {
    return false;
  }
}
