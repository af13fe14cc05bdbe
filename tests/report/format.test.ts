import { describe, expect, it } from "vitest";
import { chooseExample } from "../../src/report/example-text.ts";
import * as format from "../../src/report/format.ts";

describe("figures for people", () => {
  it.each([
    [format.count(10_003), "10,003"],
    [format.percent(0.8519), "85.2\u00a0%"],
    [format.points(-0.184), "18.4 points"],
    [format.points(0.01), "1.0 point"],
    [format.signedPoints(0.0004), "0.0"],
    [format.signedPoints(-0.003), "−0.3"],
    [format.signedPoints(0.184), "+18.4"],
    [format.bytes(912), "912 bytes"],
    [format.bytes(2_448_213), "2.45 MB"],
    [format.bytes(22_972_370), "23.0 MB"],
    [format.bytes(999_600), "1.00 MB"],
    [format.bytes(99_960_000), "100 MB"],
    [format.milliseconds(0.1217), "0.12 ms"],
    [format.milliseconds(48.4), "48 ms"],
    [format.times(9.384), "9.4×"],
    [format.times(36.9), "37×"],
    [format.parameters(610_381), "0.61 M"],
    [format.parameters(22_565_376), "22.6 M"],
    [format.parameters(77), "77"],
    [format.pValue(4e-12), "p < 0.001"],
    [format.pValue(0.0342), "p = 0.034"],
    [format.duration(0.42), "0.4 s"],
    [format.duration(59.7), "1 min 0 s"],
    [format.duration(200), "3 min 20 s"],
  ])("%s", (got, expected) => {
    expect(got).toBe(expected);
  });
});

describe("the example for the command line", () => {
  it("is short and means nothing to a shell", () => {
    const texts = [
      "no",
      'say "hi" to me now',
      "what is $HOME worth",
      "run `ls` for me",
      "My card was swallowed!",
    ];
    expect(chooseExample([...texts, "my card was swallowed"])).toBe("my card was swallowed");
    expect(chooseExample(["x".repeat(80)])).toBeNull();
  });

  it("may be in any script", () => {
    expect(chooseExample(["где моя новая карта"])).toBe("где моя новая карта");
  });
});
