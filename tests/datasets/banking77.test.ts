import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { dataset } from "../../datasets/banking77.ts";
import { sha256File } from "../../src/platform/digest.ts";
import { openTextFile } from "../../src/texts/open-file.ts";

async function read(path: string): Promise<[text: string, label: string | null][]> {
  const opened = await openTextFile({
    path,
    file: basename(path),
    columns: dataset.columns,
    labels: true,
  });
  const rows: [string, string | null][] = [];
  for await (const { text, label } of opened.rows()) rows.push([text, label]);
  return rows;
}

describe("banking77", () => {
  const { train, test } = dataset.files();

  it("has the files that its hashes are of", async () => {
    for (const path of [...train, ...(test ?? [])])
      expect(await sha256File(path)).toBe(dataset.hashes[basename(path)]);
  });

  it("has 10,003 and 3,080 texts with 77 intents, as its README says", async () => {
    const [training, testing] = [await read(train[0]!), await read(test![0]!)];
    expect([training.length, testing.length]).toEqual([10_003, 3080]);
    const categories = JSON.parse(
      readFileSync(new URL("../../datasets/banking77/categories.json", import.meta.url), "utf8"),
    ) as string[];
    for (const rows of [training, testing])
      expect(new Set(rows.map(([, label]) => label))).toEqual(new Set(categories));
    // Quotes are letters: grep -c '"' train.tsv gives 21.
    expect(training.filter(([text]) => text.includes('"'))).toHaveLength(21);
    const inTraining = new Set(training.map(([text]) => text));
    expect(new Set(testing.map(([text]) => text).filter((text) => inTraining.has(text))).size).toBe(
      7,
    );
  });
});
