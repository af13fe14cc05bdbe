import type * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { Batch, Program, StateDict } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, makeBatch, studentProgram, TABLE } from "./programs.ts";
import { randomIntegers } from "./random.ts";
import { largestDifference } from "./sample-values.ts";

const STUDENTS = {
  bilstm: studentProgram(bilstm, { hidden: 3, dropout: 0.2 }),
  transformer: studentProgram(transformer, { layers: 1, heads: 2, dropout: 0.2 }),
};

/** The rows of the table that a batch reads. */
function rowsOf(weights: StateDict, { tokens }: Batch): Float32Array {
  const { data, shape } = weights[TABLE]!;
  const size = shape[1]!;
  return Float32Array.from(
    { length: tokens!.length * size },
    (_, index) => data[tokens![Math.floor(index / size)]! * size + (index % size)]!,
  );
}

/** The program for one batch size and one length, given as numbers; the gathered rows are a parameter of it. */
function fixedProgram(program: Program, weights: StateDict, batch: Batch): Program {
  const size = program.embedding!.size;
  const fix = (dimension: number | "B" | "L") =>
    dimension === "B" ? batch.batch : dimension === "L" ? batch.length : dimension;
  const inputs = Object.entries(program.inputs).map(
    ([name, spec]) => [name, { ...spec, shape: spec.shape.map(fix) }] as const,
  );
  return {
    parameters: [
      ...program.parameters,
      {
        name: "embedded",
        shape: [batch.batch, batch.length, size],
        initializer: { kind: "values", values: rowsOf(weights, batch) },
      },
    ],
    inputs: Object.fromEntries(inputs),
    forward: (parameters, given, context) =>
      program.forward(parameters, { ...given, embedded: parameters["embedded"]! }, context),
    loss: (outputs, given, parameters): { loss: tf.Scalar } =>
      program.loss(outputs, given, parameters),
  };
}

/** The gradient of the gathered rows, added up by token. */
function tableGradient(rows: Float32Array, { tokens }: Batch, shape: readonly number[]) {
  const [count, size] = shape as [number, number];
  const sums = new Float32Array(count * size);
  rows.forEach((value, index) => {
    sums[tokens![Math.floor(index / size)]! * size + (index % size)]! += value;
  });
  return sums;
}

describe("one graph with free sizes", () => {
  for (const [name, program] of Object.entries(STUDENTS)) {
    it(`${name}: equals graphs traced for each size, at random sizes: outputs, loss, gradients`, async () => {
      const free = await compile(program, compileOptions);
      const { weights } = await free.saveState();
      const random = randomIntegers(23);
      const rounds = [[1], ...Array.from({ length: 5 }, () => random(1, 5))].map((given) =>
        typeof given === "number" ? Array.from({ length: given }, () => random(1, 8)) : given,
      );
      for (const lengths of rounds) {
        const batch = makeBatch(lengths, { length: Math.max(...lengths) + random(0, 2) });
        const fixed = await compile(fixedProgram(program, weights, batch), compileOptions);
        const [a, b] = [await free.gradients(batch), await fixed.gradients(batch)];
        const { embedded, ...gradients } = b.gradients;
        gradients[TABLE] = {
          shape: weights[TABLE]!.shape,
          data: tableGradient(embedded!.data, batch, weights[TABLE]!.shape),
        };
        expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-6);
        for (const [parameter, { data }] of Object.entries(a.gradients)) {
          const difference = largestDifference(data, gradients[parameter]!.data);
          expect(difference, `${parameter} at ${lengths.join()}`).toBeLessThan(1e-6);
        }
        const [c, d] = [await free.forward(batch), await fixed.forward(batch)];
        expect(c["logits"]!.shape).toEqual([batch.batch, 3]);
        expect(largestDifference(c["logits"]!.data, d["logits"]!.data)).toBeLessThan(1e-6);
        await fixed.dispose();
      }
      await free.dispose();
    });
  }
});
