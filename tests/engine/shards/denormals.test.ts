import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { compile } from "../../../src/engine/index.ts";
import type { Program } from "../../../src/engine/index.ts";
import { compileOptions } from "../programs.ts";

/** `loss = mean(1e-20 · x · w)`: with x = 1e-20 the gradient is 1e-40, less than float32's smallest normal number. */
const tiny: Program = {
  parameters: [{ name: "w", shape: [1], initializer: { kind: "ones" } }],
  inputs: { x: { shape: ["B"], dtype: "float32" } },
  forward: ({ w }, { x }) => ({ y: tf.mul(tf.mul(x!, w!), 1e-20) }),
  loss: ({ y }) => ({ loss: tf.mean(y!) }),
};

// A file of its own: the first session of a process decides which threads treat such numbers as zero.
it("numbers too small for float32 become the same in every thread", async () => {
  const batch = { batch: 2, length: 1, inputs: { x: Float32Array.of(0, 1e-20) } };
  const together = await compile(tiny, { ...compileOptions, shards: 2, workers: 2 });
  const alone = await compile(tiny, { ...compileOptions, shards: 2 });
  const [a, b] = [await together.gradients(batch), await alone.gradients(batch)];
  // Text 1 runs in the thread in one case and in the calling thread in the other; both flush to zero.
  expect([...b.gradients["w"]!.data]).toEqual([0]);
  expect([...a.gradients["w"]!.data]).toEqual([0]);
  await Promise.all([together.dispose(), alone.dispose()]);
});
