import { describe, expect, it } from "vitest";
import { MODES, readParameters } from "../../../bench/training/settings.ts";

describe("the bench's parameters", () => {
  it("measure everything in every mode where nothing is said", () => {
    const { only, modes, repeats, json } = readParameters([]);
    expect({ only, modes, repeats, json }).toEqual({
      only: null,
      modes: Object.keys(MODES),
      repeats: 7,
      json: false,
    });
  });

  it("are read by name", () => {
    const given = ["--only=bilstm,eager", "--mode=threads", "--repeats=3", "--json"];
    const { only, modes, repeats, json } = readParameters(given);
    expect({ only, modes, repeats, json }).toEqual({
      only: ["bilstm", "eager"],
      modes: ["threads"],
      repeats: 3,
      json: true,
    });
  });

  it.each(["--onyl=bilstm", "--json=yes", "--repeats", "bilstm", "--mode=fibres"])(
    "refuse %s",
    (parameter) => {
      expect(() => readParameters([parameter])).toThrow("Expected --");
    },
  );
});
