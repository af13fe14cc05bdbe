import { resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { ListedStore } from "../labels/open-store.ts";

/** Options that every `labels` command has. */
export interface LabelsOptions {
  labels: string;
  json?: boolean;
}

/** `--labels FOLDER`. */
export function labelsOption(): Option {
  return new Option("--labels <folder>", "folder of the label stores").default(".limbeck/labels");
}

/** `--runs FOLDER`. */
export function runsOption(): Option {
  return new Option("--runs <folder>", "folder of the runs that use them").default("runs");
}

/** A number of things from `least` on, for commander. */
export function countFrom(least: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (text.trim() !== "" && Number.isInteger(count) && count >= least) return count;
    throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`);
  };
}

/** The store that the first digits of a digest mean. @throws LimbeckError `E_USAGE` with those that there are */
export async function storeOf(digest: string, { labels }: LabelsOptions): Promise<ListedStore> {
  const { listStores } = await import("../labels/open-store.ts");
  const { findStore } = await import("../labels/find-store.ts");
  return findStore(await listStores(resolve(labels)), digest);
}

/** Prints for machines, or lines for people. */
export function show(options: { json?: boolean }, value: unknown, lines: () => string[]): void {
  const text = options.json === true ? JSON.stringify(value, null, 2) : lines().join("\n");
  process.stdout.write(`${text}\n`);
}

/** `12,345 texts`, `1 text`. */
export function count(value: number, unit: string): string {
  return `${value.toLocaleString("en-US")} ${unit}${value === 1 ? "" : "s"}`;
}
