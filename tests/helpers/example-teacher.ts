import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageFolder } from "./command-line.ts";

/** Writes the teacher that docs/add-a-teacher.md shows, as it stands there, into a folder as `my-teacher.ts`. */
export async function writeExampleTeacher(folder: string): Promise<void> {
  const page = await readFile(join(packageFolder, "docs", "add-a-teacher.md"), "utf8");
  const code = /```ts\n(\/\/ my-teacher\.ts\n[^]*?)```/.exec(page)?.[1];
  if (code === undefined) throw new Error("docs/add-a-teacher.md shows no my-teacher.ts");
  await writeFile(join(folder, "my-teacher.ts"), code);
}
