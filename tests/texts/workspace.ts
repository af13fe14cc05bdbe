import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { openTextFile } from "../../src/texts/open-file.ts";
import type { SourceRow, TextFile, WantedColumns } from "../../src/texts/text-file.ts";

/** A folder for a test file's own files, removed after its last test. */
export function makeWorkspace(): {
  folder: string;
  write: (name: string, content: string | Uint8Array) => string;
} {
  const folder = mkdtempSync(join(tmpdir(), "limbeck-texts-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    write: (name, content) => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
  };
}

export async function openFile(
  path: string,
  columns: WantedColumns = {},
  labels = true,
): Promise<TextFile> {
  return await openTextFile({ path, file: path.split("/").at(-1)!, columns, labels });
}

export async function readRows(path: string, columns: WantedColumns = {}): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  for await (const row of (await openFile(path, columns)).rows()) rows.push(row);
  return rows;
}

/** Texts, labels and lines alone: `[text, label, line]`. */
export async function readTriples(
  path: string,
  columns: WantedColumns = {},
): Promise<[string, string | null, number][]> {
  return (await readRows(path, columns)).map(({ text, label, line }) => [text, label, line]);
}

/** The error that a promise ends with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return await promise.then(
    () => {
      throw new Error("expected a failure, got none");
    },
    (thrown: unknown) => thrown as Error,
  );
}
