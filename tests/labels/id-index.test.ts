import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { IdIndex } from "../../src/labels/id-index.ts";

const idOf = (text: number) => createHash("sha256").update(String(text)).digest("hex").slice(0, 32);

describe("IdIndex", () => {
  it("numbers ids in the order they come, as text or bytes, each once", () => {
    const index = new IdIndex();
    // Enough to grow the table a few times.
    const ids = Array.from({ length: 1000 }, (_, text) => idOf(text));
    expect(ids.map((id) => index.add(id))).toEqual(ids.map((_, number) => number));
    expect(ids.map((id) => index.add(id))).toEqual(ids.map((_, number) => number));
    const bytes = Buffer.from(`ff${ids.join("")}`, "hex");
    expect(ids.map((_, number) => index.addBytes(bytes, 1 + 16 * number))).toEqual(
      ids.map((_, number) => number),
    );
    expect([index.size, index.find(idOf(999)), index.find(idOf(1000))]).toEqual([1000, 999, -1]);
    expect(index.findBytes(Buffer.from(idOf(1000), "hex"), 0)).toBe(-1);
  });

  it("tells ids apart that differ in their last bit, and begin alike", () => {
    const index = new IdIndex();
    const ids = ["0", "1", "2", "3"].map((end) => "a".repeat(31) + end);
    expect(ids.map((id) => index.add(id))).toEqual([0, 1, 2, 3]);
    expect(ids.map((id) => index.find(id))).toEqual([0, 1, 2, 3]);
  });

  it("finds no text under what is no id, and refuses to add it", () => {
    const index = new IdIndex();
    for (const wrong of ["", "ab", "A".repeat(32), "g".repeat(32), "é".repeat(32)]) {
      expect(index.find(wrong)).toBe(-1);
      expect(() => index.add(wrong)).toThrow(RangeError);
    }
  });
});
