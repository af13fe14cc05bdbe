import { hash } from "node:crypto";
import type { TextId } from "../types.ts";

/**
 * The identity of a text: the first 128 bits of SHA-256 over its NFC-normalised UTF-8, as 32 hexadecimal digits.
 * White space and case count: texts that differ in them are different texts.
 */
export function textId(text: string): TextId {
  // Not hex.slice(0, 32): a slice keeps the 64 digits alive, which a million texts would feel.
  return hash("sha256", text.normalize("NFC"), "buffer").toString("hex", 0, 16);
}
