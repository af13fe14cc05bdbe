import { resolve } from "node:path";
import { count, show, storeOf, type LabelsOptions } from "./labels-options.ts";
import { readRecipeTexts } from "./recipe-texts.ts";
import { quoteForShell } from "./results.ts";
import { formatBytes } from "./table.ts";

export interface ExportOptions extends LabelsOptions {
  out: string;
  recipe?: string;
  run?: string;
}

/** `limbeck labels export`. */
export async function exportStore(digest: string, options: ExportOptions): Promise<void> {
  const { exportLabels, labelFileFormat } = await import("../labels/exchange/export-labels.ts");
  const { out: path } = options;
  labelFileFormat(path);
  const store = await storeOf(digest, options);
  const texts = await readRecipeTexts({ recipe: options.recipe, out: options.run });
  const exported = await exportLabels(store.root, path, texts);
  const { withoutText, journalled, format, bytes } = exported;
  show(options, { digest: store.digest, path: resolve(path), ...exported }, () => [
    `Wrote ${count(exported.texts, "text")} of ${store.digest.slice(0, 12)} to ${path} (${formatBytes(bytes)}): ` +
      (format === "parquet"
        ? "id, logits as LIST<FLOAT>, teacher.json in its metadata."
        : `id, a column for each class, teacher.json beside it as ${path}.teacher.json.`),
    ...(withoutText === null || withoutText === 0
      ? []
      : [
          `${count(withoutText, "text")} of them are not in the recipe's run: their words are left empty.`,
        ]),
    ...(journalled === 0
      ? []
      : [
          `The answers to ${count(journalled, "text")} are not in the file: they lie in the journal of a labelling that is at ` +
            "work or was cut off. The next npx limbeck label RECIPE takes them into the store; export again after it.",
        ]),
    `Take it back: npx limbeck labels import ${quoteForShell(path)}`,
  ]);
}

/** `limbeck labels import`. */
export async function importStore(path: string, options: LabelsOptions): Promise<void> {
  const { importLabels } = await import("../labels/exchange/import-labels.ts");
  const imported = await importLabels(path, resolve(options.labels));
  const there = imported.texts - imported.imported;
  show(options, imported, () => [
    `Imported the labels of ${count(imported.imported, "text")} into ${imported.digest.slice(0, 12)}` +
      (there === 0 ? "." : `; ${count(there, "text")} had theirs already and keep them.`),
  ]);
}
