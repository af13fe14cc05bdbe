import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import { biLstm, compile, compileFunction, lastState, lstm } from "../../../src/engine/index.ts";
import type { Batch, NamedArray, Program, Tensors } from "../../../src/engine/index.ts";
import { compileOptions, makeBatch } from "../programs.ts";
import { randomIntegers } from "../random.ts";
import { largestDifference, sampleValues } from "../sample-values.ts";
import { biLstmWeights, D, directionShapes, H, lstmWeights } from "./lstm-inputs.ts";
import { arraysOf, float32Inputs } from "./operation-case.ts";

const shapes = { ...directionShapes("forward"), ...directionShapes("backward") };
const weights = arraysOf(shapes, { B: 1, L: 1 });

/** All that the recurrence gives, for training: a `Scan`. */
function states(tensors: Tensors): Record<string, tf.Tensor> {
  const x = tensors["x"] as tf.Tensor3D;
  const mask = tensors["mask"] as tf.Tensor2D;
  const one = lstm(x, mask, lstmWeights(tensors, "forward"));
  return { one, last: lastState(one, mask), both: biLstm(x, mask, biLstmWeights(tensors)) };
}

const compileStates = () =>
  compileFunction({
    inputs: float32Inputs({ x: ["B", "L", D], mask: ["B", "L"], ...shapes }),
    run: states,
  });

/** Texts of `lengths` tokens, padded to `length`; what stands in the padding depends on `filling`. */
function texts(lengths: readonly number[], length: number, filling: number) {
  const x = new Float32Array(lengths.length * length * D).fill(filling);
  const mask = new Float32Array(lengths.length * length);
  lengths.forEach((count, text) => {
    x.set(sampleValues(count * D, 100 + text), text * length * D);
    mask.fill(1, text * length, text * length + count);
  });
  return {
    x: { shape: [lengths.length, length, D], data: x },
    mask: { shape: [lengths.length, length], data: mask },
  };
}

/** A random number of texts of random lengths, at least one of them as long as said. */
function randomLengths(random: (from: number, to: number) => number): number[] {
  return Array.from({ length: random(1, 4) }, () => random(1, 7));
}

const tokensOf = ({ shape, data }: NamedArray, text: number, count: number) => {
  const [, length, size] = shape as [number, number, number];
  return data.slice(text * length * size, (text * length + count) * size);
};

/** The same recurrence as a program, of which the forward pass and the export are the LSTM operator. */
const program: Program = {
  parameters: Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape: shape as number[],
    initializer: { kind: "values", values: weights[name]!.data },
  })),
  embedding: { name: "table", rows: 23, size: D, initializer: { kind: "normal", deviation: 1 } },
  inputs: { mask: { shape: ["B", "L"], dtype: "float32" } },
  forward: (parameters, { embedded, mask }) => states({ ...parameters, x: embedded!, mask: mask! }),
  loss: ({ last, both }) => ({ loss: tf.add<tf.Scalar>(tf.mean(last!), tf.mean(both!)) }),
};

describe("the recurrence", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });

  it("one step by hand: h = σ(z_o) · tanh(σ(z_i) · tanh(z_g))", () => {
    // One unit, one input of 1; gates i, f, g, o get 0.5, 1, 2, -1. The state is 0, so f plays no part:
    // c = σ(0.5) · tanh(2) = 0.622459 · 0.964028 = 0.600068; h = σ(-1) · tanh(c) = 0.268941 · 0.537102 = 0.144449.
    const direction = {
      input: tf.tensor2d([[0.5], [1], [2], [-1]]),
      recurrent: tf.tensor2d([[9], [9], [9], [9]]),
      inputBias: tf.tensor1d([0, 0, 0, 0]),
      recurrentBias: tf.tensor1d([0, 0, 0, 0]),
    };
    const both = { forward: direction, backward: direction };
    const found = biLstm(tf.tensor3d([[[1]]]), tf.tensor2d([[1]]), both);
    expect(found.shape).toEqual([1, 1, 2]);
    expect(largestDifference(found.dataSync(), [0.144449, 0.144449])).toBeLessThan(2e-6);
  });

  it("is that of torch.nn.LSTM on packed texts: states, last states, gradients", async () => {
    interface Fixture {
      mask: NamedArray;
      weights: NamedArray;
      inputs: Record<string, NamedArray>;
      states: NamedArray;
      last: NamedArray;
      gradients: Record<string, NamedArray>;
    }
    const path = new URL("../../fixtures/engine/lstm.json", import.meta.url);
    const fixture = JSON.parse(readFileSync(path, "utf8")) as Fixture;
    const names = Object.keys(fixture.inputs);
    const run = (given: Tensors) => {
      const found = (...learned: tf.Tensor[]) => {
        const named = Object.fromEntries(names.map((name, index) => [name, learned[index]!]));
        const mask = given["mask"] as tf.Tensor2D;
        const all = lstm(named["x"] as tf.Tensor3D, mask, named as never);
        return { all, last: lastState(all, mask) };
      };
      const inputs = names.map((name) => given[name]!);
      // The generator's loss: (last · weights).sum() + states.sin().sum().
      const gradients = tf.grads((...learned) => {
        const { all, last } = found(...learned);
        return tf.add(tf.sum(tf.mul(last, given["weights"]!)), tf.sum(tf.sin(all)));
      })(inputs);
      return {
        ...found(...inputs),
        ...Object.fromEntries(names.map((name, index) => [name, gradients[index]!])),
      };
    };
    const arrays = Object.fromEntries(
      Object.entries({ ...fixture.inputs, mask: fixture.mask, weights: fixture.weights }).map(
        ([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }] as const,
      ),
    );
    const fixed = Object.fromEntries(
      Object.entries(arrays).map(([name, { shape }]) => [name, shape]),
    );
    const compiled = await compileFunction({
      inputs: float32Inputs({ ...fixed, x: ["B", "L", D], mask: ["B", "L"], weights: ["B", H] }),
      run,
    });
    const found = await compiled.run(arrays);
    const expected = { all: fixture.states, last: fixture.last, ...fixture.gradients };
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(found[name]!.shape, name).toEqual(shape);
      expect(largestDifference(found[name]!.data, data), name).toBeLessThan(2e-6);
    }
    await compiled.dispose();
  });

  it("does not see padding, whatever stands there: 40 batches of random lengths", async () => {
    const compiled = await compileStates();
    const model = await compile(program, compileOptions);
    const random = randomIntegers(11);
    for (let round = 0; round < 40; round += 1) {
      const lengths = randomLengths(random);
      const length = Math.max(...lengths);
      const longer = length + random(1, 5);
      const plain = await compiled.run({ ...weights, ...texts(lengths, length, 0) });
      const padded = await compiled.run({ ...weights, ...texts(lengths, longer, 7) });
      lengths.forEach((count, text) => {
        for (const name of ["one", "both"]) {
          const expected = tokensOf(plain[name]!, text, count);
          const found = tokensOf(padded[name]!, text, count);
          expect(largestDifference(found, expected), name).toBeLessThan(1e-6);
          const behind = tokensOf(padded[name]!, text, longer).slice(found.length);
          expect(behind.every((state) => state === 0)).toBe(true);
        }
      });
      expect(largestDifference(padded["last"]!.data, plain["last"]!.data)).toBeLessThan(1e-6);
      const short = await model.forward(makeBatch(lengths));
      const long = await model.forward(makeBatch(lengths, { length: longer }));
      expect(largestDifference(long["last"]!.data, short["last"]!.data)).toBeLessThan(1e-6);
    }
    await Promise.all([compiled.dispose(), model.dispose()]);
  });

  it("in both directions is one of each: the backward one reads each text from its last token", async () => {
    const compiled = await compileStates();
    const lengths = [4, 1, 3];
    const batch = texts(lengths, 4, 7);
    const { both, one, last } = await compiled.run({ ...weights, ...batch });
    // Each text turned round, and the backward direction's weights in the place of the forward one's.
    const turned = texts(lengths, 4, 7);
    lengths.forEach((count, text) => {
      for (let place = 0; place < count; place += 1) {
        const from = (text * 4 + count - 1 - place) * D;
        turned.x.data.set(batch.x.data.subarray(from, from + D), (text * 4 + place) * D);
      }
    });
    const swapped = Object.fromEntries(
      Object.entries(weights).map(
        ([name]) => [name, weights[name.replace("forward", "backward")]!] as const,
      ),
    );
    const backward = await compiled.run({ ...swapped, ...turned });
    lengths.forEach((count, text) => {
      for (let place = 0; place < count; place += 1) {
        const found = both!.data.slice((text * 4 + place) * 2 * H, (text * 4 + place + 1) * 2 * H);
        const forwards = (text * 4 + place) * H;
        const backwards = (text * 4 + count - 1 - place) * H;
        const expected = [
          ...one!.data.slice(forwards, forwards + H),
          ...backward["one"]!.data.slice(backwards, backwards + H),
        ];
        expect(largestDifference(found, expected)).toBeLessThan(1e-6);
      }
      const end = (text * 4 + count - 1) * H;
      expect([...last!.data.slice(text * H, (text + 1) * H)]).toEqual([
        ...one!.data.slice(end, end + H),
      ]);
    });
    await compiled.dispose();
  });

  it("gives the same bits for the same batch, in two sessions and after other sizes", async () => {
    const [first, second] = [await compileStates(), await compileStates()];
    const batch = { ...weights, ...texts([5, 2], 5, 0) };
    const expected = await first.run(batch);
    await first.run({ ...weights, ...texts([1, 1, 1], 9, 0) });
    expect(await first.run(batch)).toEqual(expected);
    expect(await second.run(batch)).toEqual(expected);
    await Promise.all([first.dispose(), second.dispose()]);
  });
});

describe("the recurrence as ONNX's LSTM operator", () => {
  it("equals the Scan to 1e-5 at 30 random batches, texts of one token among them", async () => {
    await tf.setBackend("cpu");
    const scan = await compileStates();
    const model = await compile(program, compileOptions);
    const table = (await model.saveState()).weights["table"]!.data;
    const gathered = ({ batch, length, tokens }: Batch) => ({
      shape: [batch, length, D],
      data: Float32Array.from({ length: tokens!.length * D }, (_, index) => {
        return table[tokens![Math.floor(index / D)]! * D + (index % D)]!;
      }),
    });
    const random = randomIntegers(5);
    const rounds = [[1], [1, 6], ...Array.from({ length: 28 }, () => randomLengths(random))];
    for (const lengths of rounds) {
      const batch = makeBatch(lengths, { length: Math.max(...lengths) + random(0, 3) });
      const mask = {
        shape: [batch.batch, batch.length],
        data: batch.inputs["mask"] as Float32Array,
      };
      const expected = await scan.run({ ...weights, x: gathered(batch), mask });
      const found = await model.forward(batch);
      for (const [name, { shape, data }] of Object.entries(expected)) {
        expect(found[name]!.shape, name).toEqual(shape);
        expect(largestDifference(found[name]!.data, data), name).toBeLessThan(1e-5);
      }
    }
    await Promise.all([scan.dispose(), model.dispose()]);
  });

  it("is exported as such, one direction or both", async () => {
    const model = await compile(program, compileOptions);
    const directions = async (output: string) => {
      const bytes = await model.exportOnnx({ outputs: { [output]: output } });
      const nodes = fromBinary(ModelProtoSchema, bytes).graph!.node;
      expect(nodes.map((node) => node.opType)).not.toContain("Scan");
      return nodes
        .filter((node) => node.opType === "LSTM")
        .map(({ attribute }) =>
          Buffer.from(attribute.find(({ name }) => name === "direction")!.s).toString(),
        );
    };
    expect(await directions("last")).toEqual(["forward"]);
    expect(await directions("both")).toEqual(["bidirectional"]);
    await model.dispose();
  });
});
