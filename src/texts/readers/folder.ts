import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../../errors.ts";
import { readTextPieces } from "../bytes.ts";
import type { ReaderInput, SourceRow, TextFile } from "../text-file.ts";

/** A text's file in a folder. */
export interface FolderEntry {
  path: string;
  /** Relative to the folder, with forward slashes. */
  name: string;
  /** Name of the sub-folder of the first level, null for a file that lies in the folder itself. */
  label: string | null;
}

/** Every file beneath a folder in the order of its names; hidden ones are left out, links are followed. */
export async function listFolder(folder: string, within = ""): Promise<FolderEntry[]> {
  const entries: FolderEntry[] = [];
  const names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  for (const name of names) {
    const path = join(folder, name);
    const relative = within === "" ? name : `${within}/${name}`;
    if ((await stat(path)).isDirectory()) entries.push(...(await listFolder(path, relative)));
    else
      entries.push({
        path,
        name: relative,
        label: within === "" ? null : within.split("/", 1)[0]!,
      });
  }
  return entries;
}

async function readText(
  entry: FolderEntry,
  file: string,
  onBytes: ReaderInput["onBytes"],
): Promise<string> {
  const size = (await stat(entry.path)).size;
  if (size === 0) return ""; // dropped and counted like any empty text
  let text = "";
  for await (const piece of readTextPieces(entry.path, file, onBytes)) text += piece;
  return text;
}

async function* readRows(
  input: ReaderInput,
  entries: readonly FolderEntry[],
): AsyncGenerator<SourceRow, void, undefined> {
  for (const entry of entries) {
    const file = `${input.file}/${entry.name}`;
    const text = await readText(entry, file, input.onBytes);
    yield { text, label: input.labels ? entry.label : null, file, line: 1 };
  }
}

/**
 * Opens a folder of files, one text each. Where it has sub-folders, their names are the labels, and files beside them,
 * such as a README, are no texts; where it has none, the texts have no labels.
 */
export async function openFolder(input: ReaderInput): Promise<TextFile> {
  const all = await listFolder(input.path);
  const inside = all.filter(({ label }) => label !== null);
  const entries = inside.length > 0 ? inside : all;
  if (entries.length === 0) {
    throw new LimbeckError(
      "E_DATA",
      `Expected texts in ${input.file}, got an empty folder. Put one file per text into a sub-folder per label.`,
    );
  }
  const tables = entries.filter(({ name }) =>
    /\.(csv|tsv|jsonl|ndjson|parquet)(\.gz)?$/i.test(name),
  );
  if (tables.length > 0) {
    throw new LimbeckError(
      "E_DATA",
      `Expected one text a file in ${input.file}, got ${tables[0]!.name}. Name such files in the recipe, as in data: { source: { train: ${input.file}/${tables[0]!.name} } }.`,
    );
  }
  return {
    file: input.file,
    format: "folder",
    columns: {
      text: "each file",
      label: input.labels && inside.length > 0 ? "sub-folder" : null,
      guessed: false,
    },
    allColumns: [],
    rows: () => readRows(input, entries),
  };
}
