import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import { compile, compileFunction } from "../../src/engine/index.ts";
import type { Program } from "../../src/engine/index.ts";
import { compileOptions } from "./programs.ts";

type Run = (x: tf.Tensor2D) => tf.Tensor;

function attempt(run: Run) {
  return compileFunction({
    inputs: { x: { shape: ["B", 5], dtype: "float32" } },
    run: ({ x }) => ({ y: run(x as tf.Tensor2D) }),
  });
}

/** What `run` is refused with. */
async function refusal(run: Run): Promise<Error> {
  try {
    await (await attempt(run)).dispose();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was traced");
}

/** The line of this file that `marker` stands on in the stack of an error made there. */
function lineOf(error: Error): number {
  const frame = error.stack!.split("\n").find((line) => line.includes("trace-errors.test.ts"));
  return Number(/:(\d+):\d+\)?$/.exec(frame!)![1]);
}

/** Runs `run`, whose first statement must make `here.error` on the line before the culprit. */
async function expectError(run: Run, here: { error?: Error }, code: string, text: RegExp) {
  const error = await refusal(run);
  expect(error).toMatchObject({ name: "EngineError", code });
  expect(error.message).toMatch(text);
  expect(error.message).toContain(`trace-errors.test.ts:${lineOf(here.error!) + 1}`);
}

describe("what cannot be traced", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });

  it("an operation without a kernel: its name and line", async () => {
    const here: { error?: Error } = {};
    const run: Run = (x) => {
      here.error = new Error();
      return tf.topk(x, 2).values;
    };
    await expectError(run, here, "E_UNSUPPORTED_OP", /TopK/);
  });

  it("an operation without a kernel that only a gradient asks for", async () => {
    const here: { error?: Error } = {};
    const run: Run = (x) =>
      tf.grad((value) => {
        here.error = new Error();
        const product = tf.prod(value);
        return product;
      })(x);
    await expectError(run, here, "E_UNSUPPORTED_OP", /Cumprod/);
  });

  const readings: Record<string, (x: tf.Tensor2D) => unknown> = {
    "dataSync()": (x) => x.dataSync(),
    "arraySync()": (x) => x.arraySync(),
    "print()": (x) => {
      x.print();
    },
    "await data()": (x) => x.data(),
    "await array()": (x) => x.array(),
  };
  for (const [name, read] of Object.entries(readings)) {
    it(`reading values: ${name}`, async () => {
      const run: Run = (x) => {
        void read(x);
        return tf.neg(x);
      };
      const error = await refusal(run);
      expect(error).toMatchObject({ name: "EngineError", code: "E_READ_IN_TRACE" });
      expect(error.message).toMatch(/values .*tf\.where.* At .*trace-errors\.test\.ts:\d+/s);
    });
  }

  it("reading values names the line", async () => {
    const here: { error?: Error } = {};
    const run: Run = (x) => {
      here.error = new Error();
      return tf.mul(x, x.dataSync()[0]!);
    };
    await expectError(run, here, "E_READ_IN_TRACE", /values/);
    // One that waits for them in vain, and one that can be traced, in turn: the first leaves nothing behind.
    const waiting: Run = (x) => {
      here.error = new Error();
      void x.data().then((data) => data[0]);
      return x;
    };
    await expectError(waiting, here, "E_READ_IN_TRACE", /values/);
    await (await attempt((x) => tf.neg(x))).dispose();
  });

  const draws: Record<string, Run> = {
    "tf.dropout": (x) => tf.dropout(x, 0.5),
    "tf.randomUniform of fixed shape": (x) => tf.mul(x, tf.randomUniform([5])),
    "tf.randomUniform of free shape": (x) => tf.mul(x, tf.randomUniform(x.shape)),
    "tf.randomNormal": (x) => tf.add(x, tf.randomNormal([5])),
    "tf.randomNormal of free shape": (x) => tf.add(x, tf.randomNormal(x.shape, 0, 1, "float32", 3)),
    "tf.randomStandardNormal": (x) => tf.add(x, tf.randomStandardNormal([5])),
    "tf.truncatedNormal": (x) => tf.add(x, tf.truncatedNormal([5])),
    "tf.randomGamma": (x) => tf.add(x, tf.randomGamma([5], 2)),
    "tf.multinomial": (x) => tf.multinomial(x, 1),
    "tf.multinomial with a seed": (x) => tf.multinomial(x, 1, 7),
    "tf.rand": (x) =>
      tf.add(
        x,
        tf.rand([5], () => Math.random()),
      ),
    "Math.random": (x) => tf.mul(x, Math.random()),
  };
  for (const [name, draw] of Object.entries(draws)) {
    it(`drawing random numbers: ${name}`, async () => {
      const error = await refusal(draw);
      expect(error).toMatchObject({ name: "EngineError", code: "E_RANDOM_IN_TRACE" });
      expect(error.message).toMatch(/context\.dropout.* At .*trace-errors\.test\.ts:\d+/s);
    });
  }

  it("drawing random numbers names the line", async () => {
    const here: { error?: Error } = {};
    const run: Run = (x) => {
      here.error = new Error();
      return tf.dropout(x, 0.5);
    };
    await expectError(run, here, "E_RANDOM_IN_TRACE", /context\.dropout/);
  });

  it("a convolution that changes a free size, or leaves its images' channels first", async () => {
    const here: { error?: Error } = {};
    const filter = tf.ones<tf.Rank.R3>([3, 1, 2]);
    const shorter: Run = (x) => {
      const column = tf.transpose(tf.expandDims<tf.Tensor3D>(x, 0), [2, 1, 0]);
      here.error = new Error();
      return tf.conv1d(column, filter, 1, "valid");
    };
    await expectError(shorter, here, "E_SHAPE", /"same"/);
    const first: Run = (x) => {
      const image = tf.reshape<tf.Rank.R4>(x, [x.shape[0], 1, 5, 1]);
      here.error = new Error();
      return tf.conv2d(image, tf.ones([1, 1, 1, 1]), 1, "same", "NCHW");
    };
    await expectError(first, here, "E_UNSUPPORTED_OP", /NHWC/);
  });

  it("a size that is no product of B and L", async () => {
    const here: { error?: Error } = {};
    const shorter: Run = (x) => {
      here.error = new Error();
      return tf.slice(x, [0, 0], [x.shape[0] - 1, 5]);
    };
    await expectError(shorter, here, "E_SHAPE", /L - 1/);
    const root: Run = (x) => {
      here.error = new Error();
      return tf.mul(x, Math.sqrt(x.shape[0]));
    };
    await expectError(root, here, "E_SHAPE", /root/);
  });

  it("an array as large as the batch", async () => {
    const here: { error?: Error } = {};
    const run: Run = (x) => {
      here.error = new Error();
      return tf.mul(x, tf.ones(x.shape));
    };
    await expectError(run, here, "E_SHAPE", /tf\.fill/);
  });

  it("a loop over a free axis", async () => {
    const here: { error?: Error } = {};
    const run: Run = (x) => {
      here.error = new Error();
      return tf.unstack(x, 0)[0]!;
    };
    await expectError(run, here, "E_SHAPE", /unstack/);
  });

  it("an operation without a gradient on the way to the loss", async () => {
    const here: { error?: Error } = {};
    const comparing: Run = (x) =>
      tf.grad((value) => {
        here.error = new Error();
        const positive = tf.greater(value, 0);
        return tf.sum(tf.cast(positive, "float32"));
      })(x);
    await expectError(comparing, here, "E_UNSUPPORTED_OP", /Greater/);
  });

  it("leaves tfjs as it was, after an error too", async () => {
    const before = {
      random: Math.random,
      array: Float32Array,
      gradient: tf.getGradient("Sum"),
      limit: Error.stackTraceLimit,
    };
    await expect(attempt((x) => tf.dropout(x, 0.5))).rejects.toThrow();
    await (await attempt((x) => tf.sum(x))).dispose();
    expect(Math.random).toBe(before.random);
    expect(Float32Array).toBe(before.array);
    expect(tf.getGradient("Sum").gradFunc).toBe(before.gradient.gradFunc);
    expect(Error.stackTraceLimit).toBe(before.limit);
    expect(tf.getBackend()).toBe("cpu");
    const gradient = tf.grad((x) => tf.mean(tf.split(x, 2)[0]!))(tf.tensor1d([1, 2, 3, 4]));
    expect([...gradient.dataSync()]).toEqual([0.5, 0.5, 0, 0]);
  });
});

describe("what can be traced although it looks odd", () => {
  it("numbers that are products of sizes, or their inverses", async () => {
    const compiled = await attempt((x) => tf.add(tf.mul(x, 3 / x.shape[0]), 2 * x.shape[0]));
    // 3 / 4 · 8 + 2 · 4 = 14
    const { y } = await compiled.run({ x: { shape: [4, 5], data: new Float32Array(20).fill(8) } });
    expect([...y!.data]).toEqual(Array(20).fill(14));
    await compiled.dispose();
  });

  it("tensors that were made before the trace, as constants", async () => {
    await tf.setBackend("cpu");
    const weights = tf.tensor1d([1, 2, 3, 4, 5]);
    const compiled = await attempt((x) => tf.mul(x, weights));
    const { y } = await compiled.run({ x: { shape: [1, 5], data: new Float32Array(5).fill(2) } });
    expect([...y!.data]).toEqual([2, 4, 6, 8, 10]);
    await compiled.dispose();
  });

  it("an output that is an input, and one tensor under two names", async () => {
    const compiled = await compileFunction({
      inputs: { x: { shape: ["B"], dtype: "float32" } },
      run: ({ x }) => ({ same: x!, a: tf.neg(x!), b: tf.neg(x!), ones: tf.onesLike(x!) }),
    });
    const results = await compiled.run({ x: { shape: [2], data: Float32Array.of(1, 2) } });
    expect([...results["same"]!.data]).toEqual([1, 2]);
    expect([...results["a"]!.data]).toEqual([-1, -2]);
    expect([...results["b"]!.data]).toEqual([-1, -2]);
    expect([...results["ones"]!.data]).toEqual([1, 1]);
    await compiled.dispose();
  });
});

describe("inputs that do not fit", () => {
  it("are refused by name", async () => {
    const compiled = await compileFunction({
      inputs: { x: { shape: ["B", 2], dtype: "float32" }, y: { shape: ["B"], dtype: "float32" } },
      run: ({ x, y }) => ({ z: tf.sum(tf.mul(x!, tf.expandDims(y!, 1))) }),
    });
    const x = { shape: [3, 2], data: new Float32Array(6) };
    const y = { shape: [3], data: new Float32Array(3) };
    const fails = async (inputs: Parameters<typeof compiled.run>[0], text: RegExp) => {
      await expect(compiled.run(inputs)).rejects.toThrow(
        expect.objectContaining({
          code: "E_SHAPE",
          message: expect.stringMatching(text) as string,
        }),
      );
    };
    await fails({ x }, /y .*none/);
    await fails({ x, y: { ...y, shape: [4] } }, /y/);
    await fails({ x, y: { shape: [2], data: new Float32Array(2) } }, /y .*B = 3/);
    await fails({ x, y, w: y }, /w/);
    await compiled.dispose();
  });
});

describe("a parameter that takes no part in the loss", () => {
  it("is named", async () => {
    const program: Program = {
      parameters: [
        { name: "used", shape: [2], initializer: { kind: "ones" } },
        { name: "idle", shape: [2], initializer: { kind: "ones" } },
      ],
      inputs: { x: { shape: ["B", 2], dtype: "float32" } },
      forward: ({ used }, { x }) => ({ y: tf.mul(x!, used!) }),
      loss: ({ y }) => ({ loss: tf.mean(y!) }),
    };
    await expect(compile(program, compileOptions)).rejects.toThrow(
      expect.objectContaining({
        code: "E_STATE",
        message: expect.stringContaining("idle") as string,
      }),
    );
  });
});
