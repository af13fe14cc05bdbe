import { createHash } from "node:crypto";

export const CLASSES = 77;

/** The id of text n. */
export function idOf(text: number): string {
  return createHash("sha256").update(String(text)).digest("hex").slice(0, 32);
}

/** A logit that tells text and class; exact in float32 for up to 2²⁴ of both. */
export function logitOf(text: number, label: number): number {
  return Math.fround(text + label / 128);
}
