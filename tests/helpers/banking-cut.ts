import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageFolder } from "./command-line.ts";

/** Writes the first `intents` classes of Banking77 as `train.tsv` and `test.tsv` into the folder; returns the rows written. */
export async function writeBankingCut(
  folder: string,
  intents: number,
): Promise<{ train: number; test: number; differentTest: number; classes: string[] }> {
  const read = async (name: string): Promise<string[]> =>
    (await readFile(join(packageFolder, "datasets", "banking77", name), "utf8"))
      .trimEnd()
      .split("\n");
  const [header, ...train] = await read("train.tsv");
  const [, ...test] = await read("test.tsv");
  const labelOf = (line: string): string => line.slice(0, line.indexOf("\t"));
  const classes = [...new Set(train.map(labelOf))].sort().slice(0, intents);
  const kept = new Set(classes);
  const cut = (lines: string[]): string[] => lines.filter((line) => kept.has(labelOf(line)));
  await writeFile(join(folder, "train.tsv"), `${[header, ...cut(train)].join("\n")}\n`);
  await writeFile(join(folder, "test.tsv"), `${[header, ...cut(test)].join("\n")}\n`);
  return {
    train: cut(train).length,
    test: cut(test).length,
    // One test text of Banking77 stands in it twice.
    differentTest: new Set(cut(test)).size,
    classes,
  };
}
