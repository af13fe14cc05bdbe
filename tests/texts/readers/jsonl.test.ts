import { describe, expect, it } from "vitest";
import { failureOf, makeWorkspace, openFile, readRows, readTriples } from "../workspace.ts";

const { write } = makeWorkspace();
const failure = async (path: string): Promise<string> => (await failureOf(readRows(path))).message;

describe("JSONL", () => {
  it("reads objects, numbers as labels, and rows without a label", async () => {
    const path = write(
      "a.jsonl",
      '{"text":"one\\ntwo","label":3}\r\n\n{"label":true,"text":"b"}\n{"text":"c"}\n{"text":"d","label":null}',
    );
    expect(await readTriples(path)).toEqual([
      ["one\ntwo", "3", 1],
      ["b", "true", 3],
      ["c", null, 4],
      ["d", null, 5],
    ]);
  });

  it("finds a label that the first rows do not have", async () => {
    const path = write("late.ndjson", '{"utterance":"a"}\n{"utterance":"b","intent":"x"}\n');
    expect((await openFile(path)).columns).toEqual({
      text: "utterance",
      label: "intent",
      guessed: true,
    });
  });

  it("names file and line of what is wrong", async () => {
    expect(await failure(write("broken.jsonl", '{"text":"a"}\n{"text":\n'))).toMatch(
      /^broken\.jsonl:2: Expected one JSON object on each line: /,
    );
    expect(await failure(write("list.jsonl", '[{"text":"a"}]\n'))).toMatch(
      /^list\.jsonl:1: Expected a JSON object .* got a list\..*jq/,
    );
    expect(await failure(write("number.jsonl", '{"text":"a"}\n{"text":5}\n'))).toMatch(
      /^number\.jsonl:2: Expected a text in "text", got the number 5\./,
    );
    expect(await failure(write("missing.jsonl", '{"text":"a"}\n{"txt":"b"}\n'))).toMatch(
      /^missing\.jsonl:2: Expected a text in "text", got nothing\./,
    );
    expect(await failure(write("many.jsonl", '{"text":"a","label":["x","y"]}\n'))).toMatch(
      /^many\.jsonl:1: Expected one label in "label", got a list\./,
    );
    expect(await failure(write("blank.jsonl", "\n\n"))).toBe(
      "Expected rows in blank.jsonl, got none. Fill the file or name another one.",
    );
  });
});
