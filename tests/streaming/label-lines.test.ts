import { describe, expect, it } from "vitest";
import { answerLine } from "../../src/streaming/answer-line.ts";
import { labelLines, type LineAnswer } from "../../src/streaming/label-lines.ts";
import { parseTextLine } from "../../src/streaming/text-lines.ts";
import { textId } from "../../src/texts/ids.ts";
import type { IdentifiedText, TeacherAnswer } from "../../src/types.ts";

/** Answers in the opposite order with the number that a text is; refuses "no". */
function toy() {
  const asked: string[] = [];
  return {
    asked,
    async *label(texts: AsyncIterable<IdentifiedText>): AsyncGenerator<TeacherAnswer> {
      const all: IdentifiedText[] = [];
      for await (const text of texts) all.push(text);
      for (const { id, text } of all.reverse()) {
        asked.push(text);
        if (text === "no") yield { id, reason: "refused" };
        else yield { id, logits: Float32Array.of(Number(text), -Number(text)) };
      }
    },
  };
}

async function* lists(...some: readonly string[][]): AsyncGenerator<string[]> {
  for (const list of some) yield await Promise.resolve(list);
}

const signal = new AbortController().signal;
const line = (text: string, id?: string | number) => JSON.stringify({ text, id });

async function collect(
  lines: AsyncIterable<string[]>,
  onError: "stop" | "skip",
  into: LineAnswer[] = [],
  teacher = toy(),
): Promise<LineAnswer[]> {
  for await (const answers of labelLines({ teacher, lines, signal, onError }))
    into.push(...answers);
  return into;
}

describe("labelLines", () => {
  it("answers in the order of the lines with the ids that they came with", async () => {
    const answers = await collect(
      lists([line("1", "x"), line("2", 7), line("3")], [line("4", "x")]),
      "stop",
    );
    expect(answers).toEqual([
      { line: 1, name: "x", logits: Float32Array.of(1, -1) },
      { line: 2, name: 7, logits: Float32Array.of(2, -2) },
      { line: 3, name: textId("3"), logits: Float32Array.of(3, -3) },
      { line: 4, name: "x", logits: Float32Array.of(4, -4) },
    ]);
  });

  it("asks once for a text that comes twice in a list, and answers both lines", async () => {
    const teacher = toy();
    const answers = await collect(lists([line("5", "a"), line("5", "b")]), "stop", [], teacher);
    expect(teacher.asked).toEqual(["5"]);
    expect(answers.map((answer) => answer.name)).toEqual(["a", "b"]);
  });

  it("asks for no list before the answers of the last one were taken", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<string[]> {
      for (;;) yield await Promise.resolve([line(String((given += 1)))]);
    }
    const answers = labelLines({ teacher: toy(), lines: endless(), signal, onError: "stop" });
    for (let taken = 1; taken <= 5; taken += 1) {
      await answers.next();
      expect(given).toBe(taken);
    }
    await answers.return(undefined);
  });

  it("counts blank lines but does not answer them; nothing in, nothing out", async () => {
    expect(await collect(lists([]), "stop")).toEqual([]);
    const answers = await collect(lists(["", line("1"), "  ", line("2")]), "stop");
    expect(answers.map((answer) => answer.line)).toEqual([2, 4]);
  });

  it("stops at the first bad line with its number, after answering those before it", async () => {
    const into: LineAnswer[] = [];
    const lines = lists([line("1")], [line("2"), "{", line("3")]);
    await expect(collect(lines, "stop", into)).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining("standard input:3: Expected") as string,
    });
    expect(into.map((answer) => answer.line)).toEqual([1, 2]);
  });

  it("passes over bad lines and refused texts when told so, in their places", async () => {
    const answers = await collect(lists([line("1"), "{", line("no", "r"), line("2")]), "skip");
    expect(answers.map((answer) => "error" in answer)).toEqual([false, true, true, false]);
    expect(answers[2]).toMatchObject({ line: 3, name: "r", error: { code: "E_TEACHER" } });
  });

  it("stops at a text without an answer", async () => {
    await expect(collect(lists([line("1"), line("no")]), "stop")).rejects.toThrow(
      /standard input:2: .*refused/,
    );
  });
});

describe("parseTextLine", () => {
  it.each([
    ["[]", "no JSON object"],
    ["null", "no JSON object"],
    ["{", "no JSON"],
    ['{"txt": "a"}', 'an object without "text"'],
    ['{"text": 5}', 'a "text" that is no string'],
    ['{"text": " "}', 'an empty "text"'],
    ['{"text": "a", "id": {}}', 'an "id" that is neither string nor number'],
  ])("refuses %s: %s", (content, problem) => {
    const found = parseTextLine(content, 9);
    expect("error" in found ? found.error.message : "").toContain(
      `standard input:9: Expected {"text": "…"} with an optional "id", got ${problem}:`,
    );
  });
});

describe("answerLine", () => {
  const labels = ["cold", "warm", "hot"];
  const logits = Float32Array.of(0.1, -3.4028234663852886e38, 1.1754943508222875e-38);

  it("writes logits such that reading them gives the same bits", () => {
    const text = answerLine({ line: 1, name: "x", logits }, { labels, top: null });
    const read = JSON.parse(text) as { id: string; logits: number[] };
    expect(read.id).toBe("x");
    expect(Float32Array.from(read.logits)).toEqual(logits);
    expect(text).toContain("0.100000001"); // not the 0.10000000149011612 of float64
  });

  it("gives the likeliest classes instead", () => {
    // softmax([ln 1, ln 2, ln 5]) = [1/8, 2/8, 5/8]
    const answer = { line: 1, name: 3, logits: Float32Array.from([1, 2, 5], Math.log) };
    expect(JSON.parse(answerLine(answer, { labels, top: 2 }))).toEqual({
      id: 3,
      top: [
        { label: "hot", probability: 0.625 },
        { label: "warm", probability: 0.25 },
      ],
    });
  });

  it("names the line of what has no answer", () => {
    const bad = parseTextLine("{", 4);
    const answer = { line: 4, name: null, error: "error" in bad ? bad.error : new Error() };
    expect(JSON.parse(answerLine(answer as LineAnswer, { labels, top: null }))).toMatchObject({
      line: 4,
      error: expect.stringContaining("standard input:4") as string,
    });
  });
});
