import fc from "fast-check";
import { expect, it } from "vitest";
import { HostMemory, memoryOf } from "../../../src/engine/host/host-memory.ts";
import { AdamW } from "../../../src/engine/optimizers/adamw.ts";
import { expectSameNumbers, floats } from "./sample-floats.ts";

const options = fc.record({
  learningRate: fc.double({ min: 0, max: 0.1, noNaN: true }),
  step: fc.integer({ min: 1, max: 1000 }),
  weightDecay: fc.double({ min: 0, max: 0.1, noNaN: true }),
  gradientScale: fc.double({ min: 0, max: 1, noNaN: true }),
});

it.each(["in the memory", "elsewhere"])(
  "the kernel gives the bits of the loop, with the gradient %s",
  (where) => {
    const adamw = new AdamW({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    const cut = fc.integer({ min: 0, max: 7 });
    fc.assert(
      fc.property(
        floats(4),
        options,
        cut,
        cut,
        ([parameter, gradient, first, second], at, a, b) => {
          const squares = second!.map(Math.abs);
          const given = [parameter!, first!, squares, gradient!];
          const memory = HostMemory.create(given.map(({ length }) => length))!;
          const [p, m, v, g] = given.map((values) => {
            const copy = memory.allocate(values.length);
            copy.set(values);
            return copy;
          });
          expect(memoryOf(p!)).toBe(memory);
          const loop = { parameter: parameter!, gradient: gradient!, state: [first!, squares] };
          const kernel = {
            parameter: p!,
            gradient: where === "elsewhere" ? gradient! : g!,
            state: [m!, v!],
          };
          // The parameter's range and the gradient's begin at any of the first elements, and leave others at the end.
          const { length } = parameter!;
          const [offset, gradientOffset] = [Math.min(a, length), Math.min(b, length)];
          const count = Math.max(0, length - Math.max(offset, gradientOffset) - (a % 3));
          const range = { offset, gradientOffset, count };
          adamw.prepare(at)(loop, range);
          adamw.prepare(at)(kernel, range);
          expectSameNumbers(p!, parameter!);
          expectSameNumbers(m!, first!);
          expectSameNumbers(v!, squares);
          expectSameNumbers(g!, gradient!);
        },
      ),
      { numRuns: 300 },
    );
  },
);

/**
 * A slope `g` and a scale `s` for which `(s² · g) · g` and `s² · (g · g)` round to different float32: they differ in
 * float64's last bit, which tells only beside the middle of two float32.
 */
function findOrderThatTells(): { slope: number; gradientScale: number } {
  for (let slope = Math.fround(1.1); ; slope = Math.fround(slope * 1.01)) {
    const middle = 1 + 2 ** -24;
    for (let ulp = -8; ulp <= 8; ulp += 1) {
      const gradientScale = (Math.sqrt(middle) / slope) * (1 + ulp * Number.EPSILON);
      const factor = gradientScale * gradientScale;
      const [ours, other] = [factor * slope * slope, factor * (slope * slope)];
      if (Math.fround(ours) !== Math.fround(other)) return { slope, gradientScale };
    }
  }
}

it("the kernel multiplies in the order of the loop", () => {
  const { slope, gradientScale } = findOrderThatTells();
  const memory = HostMemory.create([2, 2, 2])!;
  const [parameter, first, second] = [memory.allocate(2), memory.allocate(2), memory.allocate(2)];
  // With beta2 = 0 the second moment is s²·g·g.
  const adamw = new AdamW({ beta1: 0.9, beta2: 0, epsilon: 1e-8 });
  const arrays = { parameter, gradient: Float32Array.of(slope, slope), state: [first, second] };
  const update = adamw.prepare({ learningRate: 0, step: 1, weightDecay: 0, gradientScale });
  update(arrays, { offset: 0, gradientOffset: 0, count: 2 });
  const expected = Math.fround(gradientScale * gradientScale * slope * slope);
  expect([...second]).toEqual([expected, expected]);
});
