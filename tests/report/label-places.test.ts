import { describe, expect, it } from "vitest";
import { placeLabels } from "../../src/report/charts/label-places.ts";

const frame = { width: 400, height: 300 };
const at = (x: number, y: number, label = "name 85.0%") => ({ x, y, label, above: 5, below: 5 });

describe("labels", () => {
  it("stand to the right where there is room", () => {
    expect(placeLabels([at(100, 100)], frame)).toEqual([{ position: "right", offset: [0, 0] }]);
  });

  it("stand to the left at the right edge", () => {
    expect(placeLabels([at(390, 100)], frame)[0]).toMatchObject({ position: "left" });
  });

  it("give way to another point and its interval", () => {
    // The second point's interval reaches up across the first one's label.
    const crossed = { ...at(150, 140), above: 60 };
    expect(placeLabels([at(100, 100), crossed], frame)[0]).not.toMatchObject({ position: "right" });
  });

  it("do not cover each other", () => {
    const [first, second] = placeLabels([at(200, 100), at(200, 104)], frame);
    expect(first).not.toEqual(second);
  });
});
