import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as util from "node:util";
import { EngineError } from "../errors.ts";
import { tf } from "../tfjs.ts";

/** Devices that are packages around TensorFlow's own library. */
export type EagerDevice = "tfjs-node" | "tfjs-node-gpu";

/** What both packages call their backend. */
const TENSORFLOW = "tensorflow";

/** The part of the packages' backend that tells them apart. */
interface NodeBackend {
  isGPUPackage: boolean;
  isUsingGpuDevice: boolean;
}

/**
 * Loads `@tensorflow/tfjs-node` or `-gpu`, which nothing else requires, and returns the name of its tfjs backend. The
 * package is looked for beside the engine and in the working directory. The backend in use stays in use.
 *
 * @throws EngineError `E_DEVICE` saying what is missing: a Node that the package runs on, the package, its binding,
 * or a GPU.
 */
export async function loadTfjsNode(device: EagerDevice): Promise<string> {
  if (!("isNullOrUndefined" in util)) {
    throw deviceError(
      device,
      "Node 20 or 22",
      "a newer one, without util.isNullOrUndefined, which the package calls",
      "Run on Node 22, or choose another device.",
    );
  }
  const path = findPackage(device);
  const previous = tf.getBackend() as string | undefined;
  try {
    await quietly(() => import(pathToFileURL(path).href));
    await tf.setBackend(TENSORFLOW);
    checkBackend(device, tf.backend() as unknown as NodeBackend);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw deviceError(
      device,
      `@tensorflow/${device} to load`,
      `"${reason.trim()}"`,
      "Build its binding: npx limbeck doctor --build-tfjs-node.",
      error,
    );
  } finally {
    await tf.setBackend(previous ?? "cpu");
  }
  return TENSORFLOW;
}

/** The module that the package's name leads to, beside the engine or in the working directory; null without it. */
export function resolveTfjsNode(device: EagerDevice): string | null {
  for (const from of [import.meta.url, join(resolve(), "index.js")]) {
    try {
      return createRequire(from).resolve(`@tensorflow/${device}`);
    } catch {
      // Not there: the next place.
    }
  }
  return null;
}

/** @throws EngineError `E_DEVICE` where the package is not installed. */
function findPackage(device: EagerDevice): string {
  const path = resolveTfjsNode(device);
  if (path !== null) return path;
  const name = `@tensorflow/${device}`;
  throw deviceError(
    device,
    `the package ${name}`,
    "none",
    `Install it: npm install --ignore-scripts ${name}@4.22.0, then build its binding: npx limbeck doctor --build-tfjs-node${device === "tfjs-node-gpu" ? " --gpu" : ""}.`,
  );
}

/** @throws EngineError `E_DEVICE` if the other package was loaded first, or sees no GPU. */
function checkBackend(device: EagerDevice, { isGPUPackage, isUsingGpuDevice }: NodeBackend): void {
  const wantsGpu = device === "tfjs-node-gpu";
  if (isGPUPackage !== wantsGpu) {
    throw deviceError(
      device,
      "one TensorFlow in a process",
      `@tensorflow/${wantsGpu ? "tfjs-node" : "tfjs-node-gpu"}, loaded earlier`,
      "Use one of them per process.",
    );
  }
  if (wantsGpu && !isUsingGpuDevice) {
    throw deviceError(
      device,
      "TensorFlow to find a GPU",
      "none",
      "Check nvidia-smi and that the driver is as new as the CUDA libraries, or choose the device tfjs-node.",
    );
  }
}

function deviceError(
  device: EagerDevice,
  expected: string,
  got: string,
  cure: string,
  cause?: unknown,
): EngineError {
  const message = `Device ${device}: Expected ${expected}, got ${got}. ${cure}`;
  return new EngineError("E_DEVICE", message, { cause });
}

/** Without tfjs's warnings about kernels that a second copy of tfjs registers again: they are the same. */
async function quietly(load: () => Promise<unknown>): Promise<void> {
  const environment = tf.env();
  const production = environment.getBool("PROD");
  environment.set("PROD", true);
  try {
    await load();
  } finally {
    environment.set("PROD", production);
  }
}
