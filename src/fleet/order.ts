import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { LimbeckError, messageOf } from "../errors.ts";
import { sha256 } from "../platform/digest.ts";
import { writeFileAtomic } from "../platform/files.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { LabelledText } from "../types.ts";
import { queueFolder } from "./shard-files.ts";

/** All that opens the producer's teacher on another machine: the label store's folder holds the rest. */
export interface Order {
  schema: "limbeck.order/1";
  recipe: Recipe;
  /** The producer's. */
  recipeFolder: string | null;
  classes: string[];
  /** For teachers that are made of others, whose members are fitted where they are opened. */
  gold: { labelled: LabelledText[]; validation: LabelledText[] };
}

/** `data` of a shard's job. */
export const jobSchema = z.object({
  /** Digest of the label store: its folder's name. */
  store: z.string().regex(/^[0-9a-f]{64}$/),
  order: z.string().regex(/^[0-9a-f]{64}$/),
  shard: z.string().regex(/^[0-9a-f]{32}$/),
  texts: z.int().positive(),
});

export type ShardJob = z.output<typeof jobSchema>;

function orderPath(root: string, hash: string): string {
  return join(queueFolder(root), `order-${hash}.json`);
}

/** Lays an order down in the store's folder, under its own SHA-256, which is returned. */
export async function writeOrder(root: string, order: Order): Promise<string> {
  const text = JSON.stringify(order);
  const hash = sha256(text);
  await writeFileAtomic(orderPath(root, hash), text);
  return hash;
}

/** @throws LimbeckError `E_STORE` where the order is not there or has been changed. */
export async function readOrder(root: string, hash: string): Promise<Order> {
  const path = orderPath(root, hash);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    throw new LimbeckError(
      "E_STORE",
      `Expected the order of the job in ${path}, got ${messageOf(thrown)}. Give --labels the folder that the ` +
        "producer labels into, as this machine sees it.",
      { cause: thrown },
    );
  }
  if (sha256(text) !== hash) {
    throw new LimbeckError(
      "E_STORE",
      `Expected ${path} to be as the producer wrote it, got another content. Give the producer's command again.`,
    );
  }
  return JSON.parse(text) as Order;
}
