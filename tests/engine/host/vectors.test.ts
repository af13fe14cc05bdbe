import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HostMemory, memoryOf, workspace } from "../../../src/engine/host/host-memory.ts";
import { openLaneProducts } from "../../../src/engine/host/lane-products.ts";
import {
  addByLoop,
  addProductsByLoop,
  addSquaresByLoop,
  scaleByLoop,
} from "../../../src/engine/host/loops.ts";
import { addRows } from "../../../src/engine/host/row-sums.ts";
import { add, scale, squaredNorm } from "../../../src/engine/host/vectors.ts";
import { expectSameNumbers, floats, weight } from "./sample-floats.ts";

/** The array's numbers where kernels reach them, after `skipped` others. */
function inMemory(values: Float32Array, skipped = 0): Float32Array {
  const memory = HostMemory.create([values.length + skipped])!;
  const copy = memory.allocate(values.length + skipped).subarray(skipped);
  copy.set(values);
  expect(memoryOf(copy)).toBe(memory);
  return copy;
}

describe("kernels give the bits of the loops", () => {
  it("when they scale", () => {
    expect(workspace()).not.toBeNull();
    fc.assert(
      fc.property(floats(2), weight, ([target, source], factor) => {
        const expected = target!.slice();
        scaleByLoop(expected, source!, factor);
        scale(target!, source!, factor);
        expectSameNumbers(target!, expected);
        scaleByLoop(expected, expected, factor);
        scale(target!, target!, factor);
        expectSameNumbers(target!, expected);
      }),
    );
  });

  it("when they add", () => {
    fc.assert(
      fc.property(floats(2), fc.oneof(weight, fc.constant(1)), ([target, source], factor) => {
        const expected = target!.slice();
        addByLoop(expected, source!, factor);
        add(target!, source!, factor);
        expectSameNumbers(target!, expected);
      }),
    );
  });

  it("when they sum squares, wherever the numbers lie", () => {
    fc.assert(
      fc.property(floats(1), fc.integer({ min: 0, max: 3 }), ([values], skipped) => {
        const sums = new Float64Array(4);
        addSquaresByLoop(sums, values!);
        const expected = sums[0]! + sums[1]! + (sums[2]! + sums[3]!);
        expect(squaredNorm(values!)).toBe(expected);
        expect(squaredNorm(inMemory(values!, skipped))).toBe(expected);
      }),
    );
  });

  it("when they multiply rows by eight columns", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.double()),
        (rowCount, depth, numbers) => {
          const products = openLaneProducts(rowCount, depth);
          const { rows, lanes, sums } = products;
          // In WebAssembly's memory, or this would compare the loop with itself.
          expect(sums.buffer).toBe(rows.buffer);
          for (const array of [rows, lanes, sums])
            for (let index = 0; index < array.length; index += 1)
              array[index] = numbers.next().value as number;
          const expected = sums.slice();
          addProductsByLoop(expected, rows, lanes);
          products.add();
          expect([...sums]).toEqual([...expected]);
        },
      ),
    );
  });

  // 5,000 columns are more than scratch holds.
  it.each([1, 2, 3, 4, 7, 128, 5000])("when they add rows of %i columns", (size) => {
    const places = fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 5000 / size + 8 });
    fc.assert(
      fc.property(floats(1), places, weight, ([values], at, factor) => {
        const cycle = values!.length === 0 ? Float32Array.of(1) : values!;
        const vectors = Float32Array.from(
          { length: at.length * size },
          (_, n) => cycle[n % cycle.length]!,
        );
        const sums = Float32Array.from({ length: 6 * size }, (_, n) => Math.fround(n / 7));
        const got = inMemory(sums, 1);
        addRows({ sums, size }, Int32Array.from(at), vectors, factor);
        addRows({ sums: got, size }, Int32Array.from(at), vectors, factor);
        expectSameNumbers(got, sums);
      }),
      { numRuns: 30 },
    );
  });
});

it("adds vectors to the rows of their places, leaving out negative ones", () => {
  const all = inMemory(Float32Array.of(7, 8, 1, 2, 3, 4));
  const vectors = Float32Array.of(10, 20, 30, 40, 50, 60);
  addRows({ sums: all.subarray(2), size: 2 }, Int32Array.of(1, -1, 1), vectors, 0.5);
  // 3 + 10/2 + 50/2 and 4 + 20/2 + 60/2; what lies before the sums stays.
  expect([...all]).toEqual([7, 8, 1, 2, 33, 44]);
});
