import { describe, expect, it } from "vitest";
import { describeTerminal } from "../../src/platform/terminal.ts";

const screen = { isTTY: true, columns: 132 } as unknown as NodeJS.WriteStream;
const pipe = {} as unknown as NodeJS.WriteStream;

describe("describeTerminal", () => {
  it.each([
    [screen, {}, { interactive: true, colours: true, width: 132 }],
    [screen, { NO_COLOR: "1" }, { interactive: true, colours: false, width: 132 }],
    [screen, { NO_COLOR: "" }, { interactive: true, colours: true, width: 132 }], // no-color.org: when not empty
    [screen, { TERM: "dumb" }, { interactive: false, colours: false, width: 132 }],
    [screen, { CI: "true" }, { interactive: false, colours: false, width: 132 }],
    [pipe, {}, { interactive: false, colours: false, width: 100 }],
    [pipe, { FORCE_COLOR: "1" }, { interactive: false, colours: true, width: 100 }],
    [pipe, { FORCE_COLOR: "1", NO_COLOR: "1" }, { interactive: false, colours: false, width: 100 }],
    [screen, { FORCE_COLOR: "0" }, { interactive: true, colours: false, width: 132 }],
  ])("case %#", (stream, environment, expected) => {
    expect(describeTerminal(stream, environment)).toEqual(expected);
  });
});
