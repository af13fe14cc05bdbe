import type { IdentifiedText, TeacherLabel } from "../../src/types.ts";
import { CHUNK_TEXTS, chunksOf, makeBlocks } from "../transformers/blocks.ts";
import type { LogitsOptions } from "../transformers/logits-session.ts";
import { runBlocks, type RunBlocksOptions } from "../transformers/run-blocks.ts";
import type { EncodeText } from "../transformers/text-encoder.ts";
import type { Artefact } from "./artefact.ts";

/** Texts per forward pass. */
export const BATCH = 32;

/** What a session of a fine-tuned model is opened with. */
export function sessionOptions(
  { folder }: Pick<Artefact, "folder">,
  classes: number,
): LogitsOptions {
  return { output: "logits", folder, dtype: "fp32", size: classes };
}

async function* blocksOf(texts: AsyncIterable<IdentifiedText>, encodeText: EncodeText) {
  for await (const chunk of chunksOf(texts, CHUNK_TEXTS)) yield* makeBlocks(chunk, encodeText);
}

interface Labelling extends RunBlocksOptions {
  encodeText: EncodeText;
  /** C. */
  classes: number;
}

/** Raw scores of texts, in blocks that are sorted by length. @throws LimbeckError `E_ABORTED` after the signal. */
export async function* labelTexts(
  texts: AsyncIterable<IdentifiedText>,
  { encodeText, classes, ...running }: Labelling,
): AsyncGenerator<TeacherLabel> {
  for await (const { block, rows } of runBlocks(blocksOf(texts, encodeText), running)) {
    for (const [row, id] of block.textIds.entries())
      yield { id, logits: rows.slice(row * classes, (row + 1) * classes) };
  }
}
