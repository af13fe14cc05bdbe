import { describe, expect, it } from "vitest";
import { EmbeddingTable } from "../../src/engine/embedding-table.ts";
import { AdamW } from "../../src/engine/optimizers/adamw.ts";
import { drawingOf, initialValues } from "../../src/engine/program/initialize.ts";

const [rows, size] = [5, 3];
const parameter = {
  name: "words",
  shape: [rows, size],
  initializer: { kind: "normal", deviation: 0.3 },
} as const;
const all = initialValues(parameter, 7);
const optimizer = new AdamW({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });

/** A table that draws its rows, and the rows that it has drawn. */
function drawingTable(): { table: EmbeddingTable; drawn: number[] } {
  const drawn: number[] = [];
  const drawing = drawingOf(parameter, 7)!;
  const draw: typeof drawing = (values, start, end) => {
    drawn.push(start / size);
    drawing(values, start, end);
  };
  return { table: new EmbeddingTable({ rows, size, draw, optimizer }), drawn };
}

const row = (values: Float32Array, index: number) => [
  ...values.subarray(index * size, (index + 1) * size),
];

describe("an embedding table with rows that are not drawn yet", () => {
  it("draws a row when it is first gathered, with the values that it always has", () => {
    const { table, drawn } = drawingTable();
    const out = new Float32Array(3 * size);
    table.gather(Int32Array.of(4, 1, 4), out);
    expect(drawn).toEqual([4, 1]);
    expect([...out]).toEqual([...row(all, 4), ...row(all, 1), ...row(all, 4)]);
    table.gather(Int32Array.of(1, 4, 1), out);
    expect(drawn).toEqual([4, 1]);
  });

  it("draws the others when all are asked for", () => {
    const { table, drawn } = drawingTable();
    table.gather(Int32Array.of(2), new Float32Array(size));
    expect([...table.saveState("words").weights["words"]!.data]).toEqual([...all]);
    expect(drawn).toEqual([2, 0, 1, 3, 4]);
  });

  it("updates a row that was never gathered from its starting values", () => {
    const { table } = drawingTable();
    const whole = new EmbeddingTable({ rows, size, values: all.slice(), optimizer });
    for (const each of [table, whole]) {
      each.accumulate(Int32Array.of(3), Float32Array.of(1, -2, 3));
      each.update({ learningRate: 0.1, step: 1, weightDecay: 0.01 });
    }
    expect([...table.values]).toEqual([...whole.values]);
    expect(row(table.values, 3)).not.toEqual(row(all, 3));
  });

  it("draws nothing over values that were loaded", () => {
    const { table, drawn } = drawingTable();
    const loaded = Float32Array.from(all, (value) => value + 1);
    table.loadState("words", { weights: { words: { shape: [rows, size], data: loaded } } });
    const out = new Float32Array(size);
    table.gather(Int32Array.of(0), out);
    expect([...out]).toEqual(row(loaded, 0));
    expect([...table.values]).toEqual([...loaded]);
    expect(drawn).toEqual([]);
  });
});
