import { relative, resolve } from "node:path";
import type { Garbage, GarbageReport } from "../labels/garbage.ts";
import { describeTerminal } from "../platform/terminal.ts";
import { count, show, type LabelsOptions } from "./labels-options.ts";
import { createStyle, type Style } from "./style.ts";
import { formatBytes, formatTable } from "./table.ts";

export interface CollectOptions extends LabelsOptions {
  runs: string;
  yes?: boolean;
  paid?: boolean;
}

function bytesOf(garbage: readonly Garbage[]): number {
  return garbage.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What may go, what stays although no run uses it, and what was or would be merged. */
function formatGarbage(
  { garbage, kept, scattered }: GarbageReport,
  { folder, done, style }: { folder: string; done: boolean; style: Style },
): string[] {
  const rows = garbage.map(({ path, bytes, reason }) => {
    const [digest = "", ...inner] = relative(folder, path).split(/[/\\]/);
    return [[digest.slice(0, 12), ...inner].join("/"), formatBytes(bytes), reason];
  });
  const merged = scattered.map(
    ({ digest, shards }) =>
      `${digest.slice(0, 12)}: ${count(shards, "small shard")} ${done ? "merged" : "to merge"}`,
  );
  const stays = kept.map(({ digest, reason }) =>
    style.dim(`${digest.slice(0, 12)} stays: ${reason}`),
  );
  const size = formatBytes(bytesOf(garbage));
  const things = count(garbage.length, "thing");
  const end =
    garbage.length === 0 && scattered.length === 0
      ? "Nothing to collect."
      : done
        ? style.green(garbage.length === 0 ? "Nothing to delete." : `Deleted ${things}, ${size}.`)
        : `${garbage.length === 0 ? "Nothing" : `${things}, ${size},`} may go. Nothing was changed: --yes deletes and merges.`;
  return [...(rows.length === 0 ? [] : formatTable(rows, [0, 2])), ...merged, ...stays, end];
}

/** `limbeck labels gc`. */
export async function collectGarbage(options: CollectOptions): Promise<void> {
  const { findGarbage, mergeShards, removeGarbage } = await import("../labels/garbage.ts");
  const folder = resolve(options.labels);
  const found = await findGarbage({
    labelsFolder: folder,
    runsFolder: resolve(options.runs),
    paid: options.paid === true,
  });
  const done = options.yes === true;
  const freed = done ? await removeGarbage(found.garbage) : 0;
  const fewerShards = done ? await mergeShards(found.scattered) : 0;
  const style = createStyle(describeTerminal(process.stdout).colours);
  show(options, { ...found, deleted: done, freed, fewerShards }, () =>
    formatGarbage(found, { folder, done, style }),
  );
}
