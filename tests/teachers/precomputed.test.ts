import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { textId } from "../../src/texts/ids.ts";
import type { Teacher } from "../../src/types.ts";
import { teacher as kind } from "../../teachers/precomputed.ts";
import { AnswerIndex } from "../../teachers/precomputed/answer-index.ts";
import { answersOf, contextIn } from "./teacher-context.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-precomputed-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const texts = ["one", "two", "three"].map((text) => ({ id: textId(text), text }));
const [one, two, three] = texts as [(typeof texts)[0], (typeof texts)[0], (typeof texts)[0]];
const LOGITS = [
  [1.5, -2, 0.25],
  [-0.5, 3, 7],
];

async function open(
  name: string,
  content: string | Uint8Array,
  options: object = {},
): Promise<Teacher> {
  await writeFile(join(folder, name), content);
  return await kind.open(kind.options.parse({ file: name, ...options }), contextIn(folder));
}

async function answers(name: string, content: string | Uint8Array, options: object = {}) {
  return await answersOf(await open(name, content, options), texts);
}

const csv = (header: string, ...rows: string[]) => [header, ...rows].join("\n");
const byId = csv("c,id,a,b", `0.25,${one.id},1.5,-2`, `7,${two.id.toUpperCase()},-0.5,3`);
const expected = new Map<string, number[] | string>([
  [one.id, LOGITS[0]!],
  [two.id, LOGITS[1]!],
]);

describe("where answers come from", () => {
  it("reads a column per class by name, whatever their order, and says what is not there", async () => {
    expect(await answers("z.csv", byId)).toEqual(expected.set(three.id, "not in z.csv"));
  });

  it("reads columns with a prefix beside columns that are to be ignored", async () => {
    const file = csv("text\tz_a\tz_b\tz_c\tlabel", "one\t1.5\t-2\t0.25\ta", "two\t-0.5\t3\t7\tc");
    const options = { prefix: "z_", ignore: ["label"] };
    const found = await answers("z.tsv.gz", gzipSync(file), options);
    expect(found.get(two.id)).toEqual(LOGITS[1]);
  });

  it("reads lists in the order that the recipe names, joined by text", async () => {
    const lines = [
      { text: "one", scores: [0.25, 1.5, -2] },
      { text: "two", scores: [7, -0.5, 3] },
    ];
    const file = lines.map((line) => JSON.stringify(line)).join("\n");
    const found = await answers("z.jsonl", file, { classes: ["c", "a", "b"] });
    expect([found.get(one.id), found.get(two.id)]).toEqual(LOGITS);
  });

  it("reads Parquet lists in the order that the writer's teacher.json names", async () => {
    const buffer = parquetWriteBuffer({
      schema: [
        { name: "root", num_children: 2 },
        { name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
        { name: "logits", num_children: 1, converted_type: "LIST", repetition_type: "REQUIRED" },
        { name: "list", num_children: 1, repetition_type: "REPEATED" },
        { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
      ],
      columnData: [
        { name: "id", data: [one.id, two.id] },
        { name: "logits", data: LOGITS.map(([a, b, c]) => [b!, c!, a!]) },
      ],
      kvMetadata: [
        { key: "teacher", value: JSON.stringify({ kind: "x", labels: ["b", "c", "a"] }) },
      ],
    });
    const found = await answers("z.parquet", new Uint8Array(buffer));
    expect([found.get(one.id), found.get(two.id)]).toEqual(LOGITS);
  });

  it("reads plain Parquet columns", async () => {
    const column = (name: string, at: number) => ({
      name,
      data: LOGITS.map((row) => row[at]!),
      type: "DOUBLE" as const,
    });
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "text", data: ["one", "two"], type: "STRING" },
        ...["a", "b", "c"].map(column),
      ],
    });
    const found = await answers("z.parquet", new Uint8Array(buffer));
    expect([found.get(one.id), found.get(two.id)]).toEqual(LOGITS);
  });

  it("takes logarithms of probabilities, 0 as 1e-7", async () => {
    const file = csv("text,a,b,c", "one,0.5,0.5,0", "two,0.2,0.3,0.5002");
    const found = await answers("p.csv", file);
    // Math.log of the float32 neighbour of each.
    const log = (value: number) => Math.fround(Math.log(Math.fround(value)));
    expect(found.get(one.id)).toEqual([log(0.5), log(0.5), Math.fround(Math.log(1e-7))]);
    expect(found.get(two.id)).toEqual([log(0.2), log(0.3), log(0.5002)]);
  });

  it("smooths hard labels", async () => {
    const found = await answers("l.csv", csv("text,label", "one,b", "two,c"), { smoothing: 0.3 });
    // 1 − 0.3 + 0.3/3 = 0.8 for the label, 0.1 for each other class
    const expected = [0.1, 0.8, 0.1].map((value) => Math.log(value));
    (found.get(one.id) as number[]).forEach((value, label) => {
      expect(value).toBeCloseTo(expected[label]!, 6);
    });
  });

  it("knows a text that is too long by its beginning, as the data does", async () => {
    const long = "x".repeat(40);
    const opened = await open("z.csv", csv("text,a,b,c", `${long},1,2,3`), { maxCharacters: 16 });
    const id = textId("x".repeat(16));
    expect((await answersOf(opened, [{ id, text: "x".repeat(16) }])).get(id)).toEqual([1, 2, 3]);
  });

  it("counts rows that say the same again, and rows that nobody asked for", async () => {
    const opened = await open("z.csv", `${byId}\n0.25,${one.id},1.5,-2\n1,${"0".repeat(32)},2,3`);
    await answersOf(opened, texts);
    expect(opened.facts["summary"]).toBe(
      "logits by id of z.csv: 3 texts, 1 repeated, 1 for no text that was asked about",
    );
  });

  it("has another digest for other answers or another smoothing, not for another name", async () => {
    const digest = async (...given: Parameters<typeof open>) => (await open(...given)).digest;
    const labels = csv("text,label", "one,b");
    const first = await digest("l.csv", labels);
    expect(await digest("m.csv", labels)).toBe(first);
    expect(await digest("l.csv", labels, { smoothing: 0.2 })).not.toBe(first);
    expect(await digest("l.csv", csv("text,label", "one,c"))).not.toBe(first);
  });

  it("may be calibrated on any gold label", async () => {
    expect((await open("z.csv", byId)).heldOut).toBe("any");
  });
});

describe("what is refused", () => {
  const cases: [name: string, content: string, options: object, message: RegExp][] = [
    [
      "other classes, with both lists and the difference",
      csv("text,a,b,d", "one,1,2,3"),
      {},
      /3 classes of the data in x\.csv: a, b, c; got 3: a, b, d\. So the file lacks c; the data has no class d\./,
    ],
    [
      "NaN",
      csv("text,a,b,c", "one,1,2,3", "two,1,NaN,3"),
      {},
      /x\.csv:3: Expected a finite number for "b", got "NaN"/,
    ],
    [
      "infinity",
      csv("text,a,b,c", "one,1,2,1e39"),
      {},
      /x\.csv:2: Expected a finite number for "c"/,
    ],
    ["an empty field", csv("text,a,b,c", "one,1,,3"), {}, /x\.csv:2: .* for "b", got nothing/],
    [
      "probabilities that do not sum to 1",
      csv("text,a,b,c", "one,0.5,0.3,0.2", "two,0.5,0.3,0.1"),
      { values: "probabilities" },
      /x\.csv:3: Expected probabilities that sum to 1, got a sum of 0\.9000/,
    ],
    [
      "negative probabilities",
      csv("text,a,b,c", "one,0.7,0.4,-0.1"),
      { values: "probabilities" },
      /x\.csv:2: Expected a probability for c, got -0\.1/,
    ],
    [
      "numbers that may be either",
      csv("text,a,b,c", "one,0.5,0.3,0.9"),
      {},
      /Expected logits or probabilities in x\.csv/,
    ],
    [
      "two answers for a text",
      csv("text,a,b,c", "one,1,2,3", "two,1,2,3", "one,1,2,4"),
      {},
      /x\.csv:4: Expected one answer for each text, got another one than on line 2/,
    ],
    [
      "an id that is none",
      csv("id,a,b,c", `${one.id},1,2,3`, "17,1,2,3"),
      {},
      /x\.csv:3: Expected an id of 32/,
    ],
    ["no column to join by", csv("key,a,b,c", "1,1,2,3"), {}, /teacher\.id or teacher\.text/],
    [
      "a label of no class",
      csv("text,label", "one,a", "two,bb"),
      {},
      /x\.csv:3: Expected a class of the data in "label", got "bb"/,
    ],
    [
      "a column that is not there",
      csv("text,a,b,c", "one,1,2,3"),
      { label: "gold" },
      /column "gold" \(teacher\.label\)/,
    ],
  ];
  it.each(cases)("%s", async (_, content, options, message) => {
    await expect(answers("x.csv", content, options)).rejects.toThrow(message);
  });

  it("lists of another width, and lists whose order nobody names", async () => {
    const line = JSON.stringify({ text: "one", logits: [1, 2] });
    const classes = ["a", "b", "c"];
    await expect(answers("x.jsonl", line, { classes })).rejects.toThrow(
      /x\.jsonl:1: Expected a list of 3 numbers in "logits", got 2/,
    );
    await expect(answers("x.jsonl", line)).rejects.toThrow(/teacher\.classes: \[a, b, c\]/);
    await expect(answers("x.jsonl", line, { classes: ["a", "b", "b"] })).rejects.toThrow(
      /the file lacks c; b comes twice/,
    );
  });

  it("a file that is not there", async () => {
    const options = kind.options.parse({ file: "gone.csv" });
    await expect(kind.fingerprint(options, contextIn(folder))).rejects.toThrow(
      /answers at .*gone\.csv, got no such file/,
    );
  });
});

describe("AnswerIndex", () => {
  it("finds every row among more than one chunk, and counts each that is taken once", () => {
    const index = new AnswerIndex(1);
    const rows = 9000;
    const idOf = (row: number) => textId(String(row));
    for (let row = 0; row < rows; row += 1) index.add(idOf(row), Float32Array.of(row), row);
    const found = Array.from({ length: rows }, (_, row) => index.take(idOf(row))![0]);
    expect(found).toEqual(Array.from({ length: rows }, (_, row) => row));
    expect(index.take(idOf(7))).not.toBeNull();
    expect(index.taken).toBe(rows);
    expect(index.take(idOf(rows))).toBeNull();
    expect(index.add(idOf(7), Float32Array.of(8), 1)).toEqual({ line: 7, same: false });
  });
});
