import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { compileFunction } from "../../../src/engine/index.ts";
import type { CompiledFunction, NamedArray, Tensors } from "../../../src/engine/index.ts";
import { kernels } from "../../../src/engine/kernels/index.ts";
import { TRACE_BACKEND } from "../../../src/engine/trace/backend.ts";
import { largestDifference, sampleValues } from "../sample-values.ts";
import { checkFiniteDifferences } from "./finite-differences.ts";
import type { KernelCase } from "./kernel-case.ts";
import { kernelCases } from "./kernel-cases.ts";

const SIZES = [
  { B: 2, L: 3 },
  { B: 1, L: 1 },
  { B: 3, L: 1 },
  { B: 1, L: 5 },
];
const EMPTY = { B: 0, L: 3 };

function learnedInputs({ inputs }: KernelCase): string[] {
  return Object.keys(inputs).filter((name) => (inputs[name]!.dtype ?? "float32") === "float32");
}

/** The case's output, and the gradient of half the sum of its squares by every float32 input. */
function withGradients(kernelCase: KernelCase, tensors: Tensors) {
  const { run, gradient = true } = kernelCase;
  const given = { ...tensors };
  const results: Record<string, tf.Tensor> = { value: run(given) };
  if (!gradient) return results;
  const names = learnedInputs(kernelCase);
  const objective = (...learned: tf.Tensor[]) => {
    const replaced = Object.fromEntries(names.map((name, index) => [name, learned[index]!]));
    return tf.mul(tf.sum(tf.square(run({ ...given, ...replaced }))), 0.5);
  };
  const gradients = tf.grads(objective)(names.map((name) => given[name]!));
  names.forEach((name, index) => (results[`gradient of ${name}`] = gradients[index]!));
  return results;
}

type Arrays = Record<string, NamedArray | { shape: number[]; data: Int32Array }>;

function arraysOf({ inputs }: KernelCase, sizes: { B: number; L: number }): Arrays {
  const entries = Object.entries(inputs).map(([name, { shape, dtype, map }], salt) => {
    const actual = shape.map((size) => (typeof size === "number" ? size : sizes[size]));
    const count = actual.reduce((product, size) => product * size, 1);
    const values = sampleValues(count, salt + 1).map(
      (value, index) => map?.(value, index) ?? value,
    );
    const data = (dtype ?? "float32") === "float32" ? values : Int32Array.from(values);
    return [name, { shape: actual, data }] as const;
  });
  return Object.fromEntries(entries) as Arrays;
}

function eager(kernelCase: KernelCase, arrays: Arrays): Record<string, NamedArray> {
  return tf.tidy(() => {
    const tensors = Object.entries(arrays).map(([name, { shape, data }]) => {
      const dtype = kernelCase.inputs[name]!.dtype ?? "float32";
      return [name, tf.tensor(data, [...shape], dtype)] as const;
    });
    const results = withGradients(kernelCase, Object.fromEntries(tensors));
    const entries = Object.entries(results).map(
      ([name, tensor]) =>
        [name, { shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) }] as const,
    );
    return Object.fromEntries(entries);
  });
}

/** How often each kernel was asked for while `body` ran. */
async function countKernels(name: string, body: () => Promise<unknown>): Promise<number> {
  const original = tf.getKernel(name, TRACE_BACKEND);
  let calls = 0;
  tf.unregisterKernel(name, TRACE_BACKEND);
  tf.registerKernel({
    ...original,
    kernelFunc: (parameters) => {
      calls += 1;
      return original.kernelFunc(parameters);
    },
  });
  try {
    await body();
  } finally {
    tf.unregisterKernel(name, TRACE_BACKEND);
    tf.registerKernel(original);
  }
  return calls;
}

function compileCase(kernelCase: KernelCase): Promise<CompiledFunction> {
  const inputs = Object.fromEntries(
    Object.entries(kernelCase.inputs).map(([name, { shape, dtype = "float32" }]) => [
      name,
      { shape, dtype },
    ]),
  );
  return compileFunction({ inputs, run: (tensors) => withGradients(kernelCase, tensors) });
}

async function compare(kernelCase: KernelCase): Promise<void> {
  const compiled = await compileCase(kernelCase);
  const { empty = true, gradient = true, differences = true } = kernelCase;
  for (const sizes of empty ? [...SIZES, EMPTY] : SIZES) {
    const arrays = arraysOf(kernelCase, sizes);
    const expected = eager(kernelCase, arrays);
    const results = await compiled.run(arrays);
    for (const [name, { shape, data }] of Object.entries(expected)) {
      const place = `${name} at ${JSON.stringify(sizes)}`;
      expect(results[name]?.shape, `shape of ${place}`).toEqual(shape);
      expect(largestDifference(results[name]!.data, data), place).toBeLessThan(2e-5);
    }
  }
  if (gradient && differences) {
    const arrays = arraysOf(kernelCase, SIZES[0]!);
    await checkFiniteDifferences(compiled, arrays, learnedInputs(kernelCase));
  }
  await compiled.dispose();
}

describe("kernels", () => {
  it("each have a case", () => {
    expect(Object.keys(kernelCases).sort()).toEqual(Object.keys(kernels).sort());
  });

  for (const [name, cases] of Object.entries(kernelCases)) {
    it(`${name} equals tfjs's cpu backend at several B and L; its gradients also finite differences`, async () => {
      await tf.setBackend("cpu");
      const calls = await countKernels(name, async () => {
        for (const kernelCase of cases) await compare(kernelCase);
      });
      // A case that never reaches the kernel would prove nothing.
      expect(calls).toBeGreaterThan(0);
    });
  }
});
