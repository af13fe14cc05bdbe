import { createRequire } from "node:module";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import type { WorkerMessage } from "../platform/worker.ts";

interface Tensor2D {
  arraySync(): number[][];
}

/** The parts of tfjs and of tfjs-node that the proof needs: the package's own copies, whichever they are. */
interface Tfjs {
  registerBackend(name: string, factory: () => object): void;
  setBackend(name: string): Promise<boolean>;
  tensor2d(values: number[][]): Tensor2D;
  matMul(a: Tensor2D, b: Tensor2D): Tensor2D;
}
interface Backend {
  NodeJSKernelBackend: new (binding: unknown, packageName: string) => { isUsingGpuDevice: boolean };
}

type Product = { product: number[]; gpu: boolean };

/** Multiplies with a binding that does not lie where the package would look for it. */
async function multiply([folder, binding, name]: readonly string[]): Promise<Product> {
  const load = createRequire(join(folder!, "package.json"));
  const tf = load("@tensorflow/tfjs") as Tfjs;
  const { NodeJSKernelBackend } = load("./dist/nodejs_kernel_backend") as Backend;
  load("./dist/register_all_kernels");
  const backend = new NodeJSKernelBackend(load(binding!), name!);
  tf.registerBackend("tensorflow", () => backend);
  await tf.setBackend("tensorflow");
  const matrix = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  const product = tf.matMul(matrix, matrix).arraySync().flat();
  return { product, gpu: backend.isUsingGpuDevice };
}

async function main(): Promise<void> {
  let message: WorkerMessage<Product>;
  try {
    message = { result: await multiply(process.argv.slice(2)) };
  } catch (thrown) {
    message = { problem: messageOf(thrown) };
  }
  process.send?.(message, () => {
    process.exit();
  });
}

await main();
