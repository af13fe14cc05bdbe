import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { ListedFile } from "./listing.ts";

/** What a file should be, and what it is. */
export interface Mismatch {
  expected: string;
  got: string;
}

/** Holds a file against the size and the hash that the hub gives; null where it is right. */
export async function findMismatch(part: string, expected: ListedFile): Promise<Mismatch | null> {
  const bytes = (await stat(part).catch(() => null))?.size ?? 0;
  if (expected.bytes !== null && bytes !== expected.bytes)
    return { expected: `${expected.bytes} bytes`, got: `${bytes} bytes` };
  const [kind, wanted] =
    expected.sha256 !== null ? ["SHA-256", expected.sha256] : ["Git hash", expected.blob];
  if (wanted === null) return null;
  const hash = createHash(kind === "SHA-256" ? "sha256" : "sha1");
  if (kind !== "SHA-256") hash.update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(part, { highWaterMark: 1 << 20 }))
    hash.update(chunk as Buffer);
  const found = hash.digest("hex");
  return found === wanted ? null : { expected: `the ${kind} ${wanted}`, got: found };
}
