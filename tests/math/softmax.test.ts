import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argmax, entropy, logSoftmax, softmax } from "../../src/math/softmax.ts";

const row = (...logits: number[]): Float32Array => Float32Array.from(logits);
const expectRow = (got: Float32Array, expected: readonly number[], digits = 6): void => {
  expect(got.length).toBe(expected.length);
  got.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index]!, digits);
  });
};

describe("softmax", () => {
  // e^0 : e^ln2 : e^ln5 = 1 : 2 : 5.
  it("is exp(z) over its sum", () => {
    expectRow(softmax(row(0, Math.log(2), Math.log(5))), [1 / 8, 2 / 8, 5 / 8]);
  });

  // z / 2 = 0, ln 2: 1 : 2. Multiplying by T would give 1 : 16.
  it("divides by the temperature", () => {
    expectRow(softmax(row(0, Math.log(4)), 2), [1 / 3, 2 / 3]);
  });

  it("stays finite for extreme logits and temperatures", () => {
    expectRow(softmax(row(3e38, -3e38, 3e38)), [0.5, 0, 0.5]);
    expectRow(softmax(row(-1e30, -1e30)), [0.5, 0.5]);
    expectRow(softmax(row(1, 2), 1e-30), [0, 1]);
    expectRow(softmax(row(1e4, -1e4), 1e30), [0.5, 0.5]);
    expectRow(softmax(row(-5)), [1]);
  });

  it("sums to 1 and does not change when a constant is added", () => {
    const logits = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(logits, fc.integer({ min: -1000, max: 1000 }), (z, constant) => {
        const p = softmax(Float32Array.from(z));
        expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
        expectRow(softmax(Float32Array.from(z, (x) => x + constant)), [...p]);
      }),
    );
  });

  it("refuses an empty row and a temperature that is not positive", () => {
    expect(() => softmax(row())).toThrow("Expected at least one class, got none.");
    expect(() => softmax(row(1), 0)).toThrow("Expected a temperature above 0, got 0.");
    expect(() => logSoftmax(row(1), NaN)).toThrow(RangeError);
  });
});

describe("logSoftmax", () => {
  it("is the logarithm of softmax", () => {
    expectRow(logSoftmax(row(0, Math.log(4)), 2), [Math.log(1 / 3), Math.log(2 / 3)]);
  });

  it("keeps what softmax rounds to zero", () => {
    expectRow(logSoftmax(row(0, -300)), [0, -300], 3);
  });
});

describe("argmax", () => {
  it("finds the largest, the first of equals", () => {
    expect(argmax(row(1, 3, 3, 2))).toBe(1);
    expect(argmax(row(-3, -2))).toBe(1);
    expect(argmax(row(5))).toBe(0);
    expect(() => argmax([])).toThrow("Expected at least one class, got none.");
  });
});

describe("entropy", () => {
  it("is log C when uniform and 0 when certain", () => {
    expect(entropy([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 12);
    expect(entropy([0, 1, 0])).toBe(0);
    // ½ ln 2 + 2 · ¼ ln 4 = 1.5 ln 2.
    expect(entropy([0.5, 0.25, 0.25])).toBeCloseTo(1.5 * Math.LN2, 12);
  });
});
