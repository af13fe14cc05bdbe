import { describe, expect, it } from "vitest";
import { mergeSingletons } from "../../src/controls/sparse-rows.ts";

describe("mergeSingletons", () => {
  // Column 0 is in both rows; 1 and 2 only in row 0 (values 3 and 4: norm 5), 4 only in row 1, 3 in none.
  const rows = {
    width: 5,
    starts: Int32Array.of(0, 3, 5),
    columns: Int32Array.of(0, 1, 2, 0, 4),
    values: Float64Array.of(1, 3, 4, 2, -6),
  };
  const merged = mergeSingletons(rows);

  it("replaces columns of one row only by one column of their norm", () => {
    expect(merged.rows).toEqual({
      width: 3,
      starts: Int32Array.of(0, 2, 4),
      columns: Int32Array.of(0, 1, 0, 2),
      values: Float64Array.of(1, 5, 2, 6),
    });
  });

  it("gives the weights back in proportion to the values", () => {
    // 3/5 and 4/5 of the merged weight, and -6/6; a column without entries keeps weight 0.
    const expanded = merged.expand([10, 20, 5, 50, 7, 70], 2);
    expect([...expanded]).toEqual([10, 20, 3, 30, 4, 40, 0, 0, -7, -70]);
  });

  it("scores every row as before", () => {
    const weights = [10, 5, 7];
    const expanded = merged.expand(weights, 1);
    // Row 0: 1·10 + 3·3 + 4·4 = 35 = 1·10 + 5·5. Row 1: 2·10 + (-6)·(-7) = 62 = 2·10 + 6·7.
    const score = (row: number) => {
      let sum = 0;
      for (let entry = rows.starts[row]!; entry < rows.starts[row + 1]!; entry += 1) {
        sum += rows.values[entry]! * expanded[rows.columns[entry]!]!;
      }
      return sum;
    };
    expect([score(0), score(1)]).toEqual([35, 62]);
  });
});
