import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EmbeddingTable } from "../../src/engine/embedding-table.ts";
import { EngineError } from "../../src/engine/errors.ts";
import { squaredNorm } from "../../src/engine/gradient-clipping.ts";
import { AdamW } from "../../src/engine/optimizers/adamw.ts";
import { createState, updateParameter } from "../../src/engine/optimizers/optimizer.ts";
import { Random } from "../../src/math/random.ts";

const adamw = (epsilon = 1e-8): AdamW => new AdamW({ beta1: 0.9, beta2: 0.999, epsilon });
const tokens = (...rows: number[]): Int32Array => Int32Array.from(rows);
const floats = (...values: number[]): Float32Array => Float32Array.from(values);
/** Rows 0…3 of two columns: [0, 1], [10, 11], [20, 21], [30, 31]. */
const table = (paddingRow?: number): EmbeddingTable =>
  new EmbeddingTable({
    rows: 4,
    size: 2,
    values: floats(0, 1, 10, 11, 20, 21, 30, 31),
    optimizer: adamw(),
    ...(paddingRow !== undefined && { paddingRow }),
  });

describe("EmbeddingTable, gathering and summing", () => {
  it("gathers rows, repeated ones too", () => {
    const out = new Float32Array(6);
    table().gather(tokens(2, 0, 2), out);
    expect([...out]).toEqual([20, 21, 0, 1, 20, 21]);
  });

  it("sums the gradients of a repeated token, rows in the order of their first token", () => {
    const embeddings = table();
    embeddings.accumulate(tokens(3, 1, 3, 3), floats(1, 2, 100, 200, 10, 20, 1000, 2000));
    expect([...embeddings.touchedRows]).toEqual([3, 1]);
    expect([...embeddings.gradient]).toEqual([1011, 2022, 100, 200]);
  });

  it("adds up over shards of a batch until the update, then starts anew", () => {
    const embeddings = table();
    embeddings.accumulate(tokens(3, 1), floats(1, 2, 3, 4));
    embeddings.accumulate(tokens(1, 2), floats(10, 20, 5, 6));
    expect([...embeddings.touchedRows]).toEqual([3, 1, 2]);
    expect([...embeddings.gradient]).toEqual([1, 2, 13, 24, 5, 6]);
    // 1 + 4 + 169 + 576 + 25 + 36; of the parts before they are summed it would be 291.
    expect(squaredNorm(embeddings.gradient)).toBe(811);
    embeddings.update({ weightDecay: 0, learningRate: 0.1, step: 1 });
    expect(embeddings.touchedRows.length).toBe(0);
    embeddings.accumulate(tokens(1), floats(7, 8));
    expect([...embeddings.gradient]).toEqual([7, 8]);
    embeddings.clearGradient();
    expect(squaredNorm(embeddings.gradient)).toBe(0);
  });

  it("grows with the number of rows touched, keeping their sums", () => {
    const embeddings = new EmbeddingTable({ rows: 1000, size: 3 });
    const random = new Random("rows");
    const rows = Int32Array.from({ length: 5000 }, () => random.integer(1000));
    const gradient = Float32Array.from({ length: 15000 }, () => random.integer(100));
    const expected = new Float32Array(3000);
    rows.forEach((row, n) => {
      for (let c = 0; c < 3; c += 1) expected[row * 3 + c]! += gradient[n * 3 + c]!;
    });
    embeddings.accumulate(rows, gradient);
    const got = new Float32Array(3000);
    embeddings.touchedRows.forEach((row, place) => {
      got.set(embeddings.gradient.subarray(place * 3, place * 3 + 3), row * 3);
    });
    expect(embeddings.touchedRows.length).toBeGreaterThan(900);
    expect(got).toEqual(expected);
  });

  it("gives the padding row's tokens no gradient", () => {
    const embeddings = table(0);
    embeddings.accumulate(tokens(0, 2, 0), floats(9, 9, 1, 2, 9, 9));
    expect([...embeddings.touchedRows]).toEqual([2]);
    embeddings.update({ weightDecay: 0.5, learningRate: 0.1, step: 1 });
    expect([...embeddings.values.subarray(0, 4)]).toEqual([0, 1, 10, 11]);
    expect(embeddings.values[4]).not.toBe(20);
  });

  it.each([4, -1])("refuses token %i", (token) => {
    const run = (): void => {
      table().gather(tokens(1, token), new Float32Array(4));
    };
    expect(run).toThrow(EngineError);
    expect(run).toThrow(`Expected tokens from 0 to 3, got ${token} at place 1.`);
    expect(() => {
      table().accumulate(tokens(1, token), new Float32Array(4));
    }).toThrow(`got ${token} at place 1`);
  });

  it("refuses arrays and options that do not fit", () => {
    expect(() => {
      table().gather(tokens(1), new Float32Array(4));
    }).toThrow("Expected out of shape [1, 2], 2 elements, got 4.");
    expect(() => {
      table().accumulate(tokens(1, 2), new Float32Array(2));
    }).toThrow("Expected gradient of shape [2, 2], 4 elements, got 2.");
    expect(() => new EmbeddingTable({ rows: 2, size: 2, values: floats(1) })).toThrow("values");
    expect(() => table(4)).toThrow("Expected a padding row below 4, got 4.");
  });
});

describe("EmbeddingTable, updating", () => {
  it("equals dense AdamW, bit for bit, when every row is touched in each step", () => {
    const random = new Random("dense");
    const start = Float32Array.from({ length: 40 }, () => random.normal());
    const optimizer = adamw();
    const embeddings = new EmbeddingTable({ rows: 8, size: 5, values: start.slice(), optimizer });
    const [parameter, state] = [start.slice(), createState(optimizer, 40)];
    for (let step = 1; step <= 20; step += 1) {
      const rows = random.shuffle(Int32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 3, 3, 5]));
      const gradient = Float32Array.from({ length: 55 }, () => random.normal());
      const dense = new Float32Array(40);
      rows.forEach((row, n) => {
        for (let c = 0; c < 5; c += 1) dense[row * 5 + c]! += gradient[n * 5 + c]!;
      });
      const options = { learningRate: 0.01 * step, step, gradientScale: 0.7, weightDecay: 0.1 };
      embeddings.accumulate(rows, gradient);
      embeddings.update(options);
      updateParameter(optimizer, { parameter, gradient: dense, state }, options);
    }
    expect(embeddings.values).toEqual(parameter);
  });

  // Written by tests/fixtures/generators/engine_adamw.py with torch.optim.SparseAdam and padding_idx.
  it("equals PyTorch's SparseAdam on rows touched now and then", () => {
    const fixture = JSON.parse(
      readFileSync(new URL("../fixtures/engine/embedding.json", import.meta.url), "utf8"),
    ) as {
      rows: number;
      size: number;
      learningRate: number;
      epsilon: number;
      start: number[];
      steps: { tokens: number[]; gradient: number[] }[];
      after: number[];
    };
    const { rows, size, learningRate, epsilon } = fixture;
    const values = Float32Array.from(fixture.start);
    const embeddings = new EmbeddingTable({
      ...{ rows, size, values, paddingRow: 0 },
      optimizer: adamw(epsilon),
    });
    fixture.steps.forEach((step, k) => {
      embeddings.accumulate(Int32Array.from(step.tokens), Float32Array.from(step.gradient));
      embeddings.update({ weightDecay: 0, learningRate, step: k + 1 });
    });
    expect(fixture.steps.length).toBe(20);
    expect(fixture.steps.some((step) => new Set(step.tokens).size < 6)).toBe(true);
    fixture.after.forEach((expected, index) => {
      expect(Math.abs(embeddings.values[index]! - expected)).toBeLessThan(1e-6);
    });
  });

  it("leaves rows that a batch does not touch, and their moments, as they are", () => {
    const embeddings = table();
    embeddings.accumulate(tokens(1), floats(1, 1));
    embeddings.update({ weightDecay: 0.5, learningRate: 0.1, step: 1 });
    const before = embeddings.saveState("e");
    embeddings.accumulate(tokens(2), floats(1, 1));
    embeddings.update({ weightDecay: 0.5, learningRate: 0.1, step: 2 });
    const after = embeddings.saveState("e");
    for (const part of ["weights", "optimizer"] as const) {
      for (const [name, { data }] of Object.entries(before[part])) {
        const now = after[part][name]!.data;
        expect([...now.subarray(0, 4)]).toEqual([...data.subarray(0, 4)]);
        expect([...now.subarray(4, 6)]).not.toEqual([...data.subarray(4, 6)]);
      }
    }
  });

  // Step 1 of AdamW: 10 · (1 - 0.1 · 0.5) - 0.1 = 9.4 with decay, 9.9 without.
  it("decays only where asked", () => {
    const decayed = [0.5, 0].map((weightDecay) => {
      const embeddings = table();
      embeddings.accumulate(tokens(1), floats(3, 3));
      embeddings.update({ weightDecay, learningRate: 0.1, step: 1 });
      return embeddings.values[2]!;
    });
    expect(decayed[0]).toBeCloseTo(9.4, 5);
    expect(decayed[1]).toBeCloseTo(9.9, 5);
  });
});

describe("EmbeddingTable, state", () => {
  const work = (embeddings: EmbeddingTable, from: number, to: number): void => {
    for (let step = from; step <= to; step += 1) {
      const random = new Random("work", step);
      const rows = Int32Array.from({ length: 3 }, () => random.integer(4));
      embeddings.accumulate(
        rows,
        Float32Array.from({ length: 6 }, () => random.normal()),
      );
      embeddings.update({ weightDecay: 0.1, learningRate: 0.01, step });
    }
  };

  it("goes on bit for bit from a saved state, which is a copy", () => {
    const whole = table();
    work(whole, 1, 5);
    const saved = whole.saveState("words");
    work(whole, 6, 12);
    const resumed = new EmbeddingTable({ rows: 4, size: 2, optimizer: adamw() });
    resumed.accumulate(tokens(0), floats(5, 5)); // pending work that loading must forget
    resumed.loadState("words", saved);
    work(resumed, 6, 12);
    expect(resumed.saveState("words")).toEqual(whole.saveState("words"));
    expect(Object.keys(saved.optimizer)).toEqual(["words.exp_avg", "words.exp_avg_sq"]);
  });

  it("starts with fresh moments from weights alone", () => {
    const used = table();
    work(used, 1, 5);
    const { weights } = used.saveState("words");
    used.loadState("words", { weights });
    const { optimizer } = used.saveState("words");
    expect(optimizer["words.exp_avg"]!.data.every((value) => value === 0)).toBe(true);
    expect(optimizer["words.exp_avg_sq"]!.data.every((value) => value === 0)).toBe(true);
  });

  it("names what is missing or misshapen and changes nothing", () => {
    const embeddings = table();
    const saved = new EmbeddingTable({ rows: 4, size: 2, optimizer: adamw() }).saveState("words");
    const flat = { shape: [2, 4], data: new Float32Array(8) };
    expect(() => {
      embeddings.loadState("words", { ...saved, optimizer: {} });
    }).toThrow("Expected a tensor words.exp_avg of shape [4, 2], got none.");
    expect(() => {
      embeddings.loadState("words", { weights: { words: flat } });
    }).toThrow("Expected a tensor words of shape [4, 2], got [2, 4].");
    expect([...embeddings.values]).toEqual([0, 1, 10, 11, 20, 21, 30, 31]);
  });
});
