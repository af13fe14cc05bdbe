import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failureOf, makeWorkspace, openFile, readRows, readTriples } from "../workspace.ts";

const { write } = makeWorkspace();

describe("CSV", () => {
  it("gives texts, labels and the line on which each row begins", async () => {
    const path = write("plain.csv", "text,label\nhello,a\nworld,b\n");
    expect(await readTriples(path)).toEqual([
      ["hello", "a", 2],
      ["world", "b", 3],
    ]);
  });

  it("reads quoted delimiters, doubled quotes and line breaks, and still counts lines", async () => {
    const path = write(
      "quoted.csv",
      'label,text\na,"one, two"\nb,"say ""hi""\nand\n\ngo"\nc,after\n',
    );
    expect(await readTriples(path)).toEqual([
      ["one, two", "a", 2],
      ['say "hi"\nand\n\ngo', "b", 3], // four lines, 3 to 6
      ["after", "c", 7],
    ]);
  });

  it("reads a byte order mark and CRLF, also inside quotes", async () => {
    const path = write(
      "windows.csv",
      '\uFEFFtext,label\r\n"one\r\ntwo",a\r\nthree,b\r\n\r\n"four\r\n",c\r\n',
    );
    expect(await readTriples(path)).toEqual([
      ["one\r\ntwo", "a", 2],
      ["three", "b", 4],
      ["four\r\n", "c", 6], // line 5 is empty
    ]);
  });

  it("reads rows that end in LF and in CRLF in one file", async () => {
    const rows = "text,label\r\none,a\ntwo,b\r\nthree,c\n";
    for (const content of [rows, rows.replace("label\r\n", "label\n")]) {
      expect(await readTriples(write("mixed.csv", content))).toEqual([
        ["one", "a", 2],
        ["two", "b", 3],
        ["three", "c", 4],
      ]);
    }
    const labelFirst = write("mixed.tsv", "label\ttext\na\tone\r\nb\ttwo\n");
    expect((await readRows(labelFirst)).map(({ text }) => text)).toEqual(["one", "two"]);
  });

  it("leaves white space of texts as it is, and trims labels", async () => {
    const path = write("spaces.csv", "text,label\n  two  spaces ,  a \n");
    expect(await readTriples(path)).toEqual([["  two  spaces ", "a", 2]]);
  });

  it("takes quotes in the middle of a field for letters", async () => {
    const path = write("stray.csv", 'text,label\na 5" screen,a\n"pending" is what it says,b\n');
    expect(await readTriples(path)).toEqual([
      ['a 5" screen', "a", 2],
      ['"pending" is what it says', "b", 3],
    ]);
  });

  it.each([
    [";", "text;label\none, two;a\n"],
    ["tab", "text\tlabel\none, two\ta\n"],
    ["|", '"text"|label\none, two|a\n'],
  ])("finds the delimiter %s in the header", async (_name, content) => {
    expect(await readTriples(write("other.csv", content))).toEqual([["one, two", "a", 2]]);
  });

  it("has no label where the field is empty", async () => {
    expect(await readTriples(write("empty-label.csv", "text,label\none,\n"))).toEqual([
      ["one", null, 2],
    ]);
  });

  it("gives back whatever was quoted by the rules", async () => {
    const cell = fc.string({
      unit: fc.constantFrom("a", "é", "😀", ",", '"', "\n", "\r\n", "\t", " "),
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), async (texts) => {
        const quoted = texts.map((text) => `"${text.replaceAll('"', '""')}",x`);
        const path = write("property.csv", `text,label\n${quoted.join("\n")}\n`);
        const rows = await readRows(path);
        expect(rows.map(({ text }) => text)).toEqual(texts);
        // Line of a row: the header's, and those that the rows before it take up.
        let line = 2;
        for (const [at, text] of texts.entries()) {
          expect(rows[at]?.line).toBe(line);
          line += 1 + text.split("\n").length - 1;
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("TSV", () => {
  it("takes quotes for letters where they are not used for quoting", async () => {
    const path = write("raw.tsv", 'label\ttext\na\t"I am pending" it said\nb\t"\nc\tplain\n');
    expect(await readTriples(path)).toEqual([
      ['"I am pending" it said', "a", 2],
      ['"', "b", 3],
      ["plain", "c", 4],
    ]);
  });

  it("takes them for quoting where every field that opens with one closes", async () => {
    const path = write(
      "quoted.tsv",
      'label\ttext\na\t"with a\ttab and ""quotes"""\nb\t"two\nlines"\n',
    );
    expect(await readTriples(path)).toEqual([
      ['with a\ttab and "quotes"', "a", 2],
      ["two\nlines", "b", 3],
    ]);
  });

  it("does not join the rows between two texts of which one begins and one ends with a quote", async () => {
    const path = write("joined.tsv", 'label\ttext\na\t"begins here\nb\tmiddle\nc\tends here"\n');
    expect((await readRows(path)).map(({ text }) => text)).toEqual([
      '"begins here',
      "middle",
      'ends here"',
    ]);
  });
});

describe("what is wrong with a delimited file", () => {
  it("names the line, the number of columns and the cure of a ragged row", async () => {
    const long = write("long.csv", 'text,label\n"one\ntwo",a\nred, green,b\n');
    expect((await failureOf(readRows(long))).message).toBe(
      "long.csv:4: Expected 2 columns as in the header, got 3. Put a text that contains a comma between double quotes.",
    );
    const short = write("short.csv", "text,label\none,a\ntwo\n");
    expect((await failureOf(readRows(short))).message).toMatch(
      /^short\.csv:3: Expected 2 columns as in the header, got 1\. /,
    );
    const tabs = write("tabs.tsv", "text\tlabel\none\ttwo\ta\n");
    expect((await failureOf(readRows(tabs))).message).toMatch(
      /^tabs\.tsv:2: .* got 3\. Take the tab out of the text\.$/,
    );
  });

  it("names the line on which an unclosed quote opens, not the end of the file", async () => {
    const rows = Array.from({ length: 1000 }, (_, row) => `text ${row},a`);
    rows[4] = '"text 4,a'; // line 6: the header is line 1
    const path = write("unclosed.csv", `text,label\n${rows.join("\n")}\n`);
    const failure = await failureOf(openFile(path));
    expect(failure.code).toBe("E_DATA");
    expect(failure.message).toMatch(
      /^unclosed\.csv:6: Expected a closing quote, got none for the one that opens on this line\. /,
    );
  });

  it("finds an unclosed quote also where a later quote seems to close it", async () => {
    const path = write("swallowed.csv", 'text,label\none,a\n"two,b\nthree,a\n"four",b\n');
    expect((await failureOf(openFile(path))).message).toMatch(
      /^swallowed\.csv:3: Expected a closing quote/,
    );
  });

  it("lists the columns where none looks like texts", async () => {
    const path = write("header.csv", "id,value\n1,one\n");
    const { message } = await failureOf(openFile(path));
    expect(message).toMatch(
      /^header\.csv:1: Expected a column of texts \(text, texts, sentence, .*\), got the columns "id", "value"\. /,
    );
    expect(message).toContain('data: { columns: { text: "value" } }');
    expect(message).toContain("where the file has no header, write one");
  });
});
