import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { NamedArray } from "../../src/engine/index.ts";
import { startFrom } from "../../src/engine/program/start-from.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, studentProgram, TABLE } from "./programs.ts";

const program = studentProgram(transformer, { layers: 1, heads: 2 });
const QUERY = "encoder.layer.0.attention.self.query.weight";

function counting(...shape: number[]): NamedArray {
  const size = shape.reduce((product, count) => product * count, 1);
  return { shape, data: Float32Array.from({ length: size }, (_, place) => place) };
}

describe("startFrom", () => {
  it("starts the given parameters and the table at their values, the others as before", async () => {
    const given = { [QUERY]: counting(4, 4), [TABLE]: counting(23, 4) };
    const usual = await compile(program, compileOptions);
    const compiled = await compile(startFrom(program, given), compileOptions);
    const before = (await usual.saveState()).weights;
    const { weights } = await compiled.saveState();
    expect(weights).toEqual({ ...before, ...given });
    await usual.dispose();
    await compiled.dispose();
  });

  it("leaves the program that it was given as it was", () => {
    const { initializer } = program.parameters.find(({ name }) => name === QUERY)!;
    startFrom(program, { [QUERY]: counting(4, 4) });
    expect(program.parameters.find(({ name }) => name === QUERY)!.initializer).toBe(initializer);
  });

  it("refuses tensors that the program does not have, or of another shape", () => {
    expect(() => startFrom(program, { other: counting(1) })).toThrow("got other");
    expect(() => startFrom(program, { [QUERY]: counting(2, 8) })).toThrow(
      `Expected a tensor ${QUERY} [4, 4], got [2, 8]`,
    );
    expect(() => startFrom(program, { [TABLE]: counting(22, 4) })).toThrow(
      `Expected a tensor ${TABLE} [23, 4], got [22, 4]`,
    );
  });
});
