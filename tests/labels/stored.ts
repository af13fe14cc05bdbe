import { join } from "node:path";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { textId } from "../../src/texts/ids.ts";

/** A small store of labels: a text's logits by its words. */
export async function writeStore(
  folder: string,
  rows: Readonly<Record<string, readonly number[]>>,
  options: {
    labels?: string[];
    name?: string;
    extras?: Readonly<Record<string, number>>;
    files?: Record<string, Uint8Array>;
  } = {},
): Promise<{ digest: string; root: string; ids: string[] }> {
  const { labels = ["a", "b", "c"], name = "one", extras = {}, files = {} } = options;
  const description = { kind: "test", name, labels };
  const digest = digestOf(description);
  const names = Object.keys(extras);
  const store = await openLabelStore({
    ...{ folder, description, digest, files, extras: names, width: labels.length },
  });
  const ids = Object.keys(rows).map(textId);
  await store.append(
    ids,
    Float32Array.from(Object.values(rows).flat()),
    Float32Array.from(ids.flatMap(() => Object.values(extras))),
  );
  store.close();
  return { digest, root: join(folder, digest), ids };
}
