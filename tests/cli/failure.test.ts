import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/engine/errors.ts";
import { LimbeckError, type ErrorCode } from "../../src/errors.ts";
import { explainFailure, Stopped } from "../../src/cli/failure.ts";

describe("explainFailure", () => {
  it.each([
    ["E_RECIPE", 1],
    ["E_DATA", 1],
    ["E_LOCKED", 1],
    ["E_USAGE", 2],
    ["E_ABORTED", 130],
  ] as [ErrorCode, number][])("%s: the message alone", (code, exitCode) => {
    expect(explainFailure(new LimbeckError(code, "Expected this."))).toEqual({
      message: "Expected this.",
      exitCode,
      code,
    });
  });

  it("takes the engine's errors for what they are", () => {
    expect(explainFailure(new EngineError("E_NONFINITE", "NaN in the loss."))).toEqual({
      message: "NaN in the loss.",
      exitCode: 1,
      code: "E_NONFINITE",
    });
  });

  it("keeps the stack of a bug, also where it has a code of Node's", () => {
    for (const thrown of [
      new TypeError("x is undefined"),
      Object.assign(new Error("gone"), { code: "ENOENT" }),
    ]) {
      const { message, exitCode, code } = explainFailure(thrown);
      expect([exitCode, code]).toEqual([1, "E_BUG"]);
      expect(message).toContain("failure.test.ts");
      expect(message).toContain("This is a bug in Limbeck.");
    }
    expect(explainFailure("a string").message).toContain("a string");
  });

  it("leaves with the signal's code once stopped", () => {
    const aborted = new LimbeckError("E_ABORTED", "Stopped in stage train.");
    expect(explainFailure(new Stopped(aborted, 143))).toEqual({
      message: "Stopped in stage train.",
      exitCode: 143,
      code: "E_ABORTED",
    });
    expect(explainFailure(new Stopped(new DOMException("", "AbortError"), 130)).message).toBe(
      "Stopped. The same command goes on from here.",
    );
  });
});
