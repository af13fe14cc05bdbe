import type {
  IdentifiedText,
  Teacher,
  TeacherContext,
  TeacherKind,
  TeacherLabel,
} from "../src/types.ts";
import { chunksOf, rangesOf } from "./transformers/blocks.ts";
import { checkFirstTexts } from "./transformers/check-first-texts.ts";
import { classificationKind, describeOpened } from "./transformers/classification-teacher.ts";
import { lazyPool } from "./transformers/lazy-pool.ts";
import { logitsOptions, warnOfBatches } from "./transformers/open-logits.ts";
import { runBlocks, type RunBlocksOptions } from "./transformers/run-blocks.ts";
import { pairScore } from "./zero-shot/entailment.ts";
import {
  openZeroShotModel,
  tokenizeSentences,
  type ZeroShotModel,
} from "./zero-shot/open-model.ts";
import { zeroShotOptions, type ZeroShotOptions } from "./zero-shot/options.ts";
import { makePairBlocks, textsPerChunk, type PairOptions } from "./zero-shot/pairs.ts";
import { openForTiming } from "./zero-shot/timing.ts";

/** Texts in lists that are paired together; in a fixed plan none of them reaches over a range of ids. */
async function* chunksFor(
  texts: AsyncIterable<IdentifiedText>,
  size: number,
  plan: "free" | "fixed",
): AsyncGenerator<readonly IdentifiedText[]> {
  if (plan === "free") {
    yield* chunksOf(texts, size);
    return;
  }
  for await (const range of rangesOf(texts, 1))
    for (let first = 0; first < range.length; first += size) yield range.slice(first, first + size);
}

async function* blocksOf(
  texts: AsyncIterable<IdentifiedText>,
  pairs: PairOptions,
  plan: "free" | "fixed",
) {
  for await (const chunk of chunksFor(texts, textsPerChunk(pairs.sentences.length), plan))
    yield* makePairBlocks(chunk, pairs);
}

interface Labelling extends RunBlocksOptions {
  pairs: PairOptions;
  opened: ZeroShotModel;
  score: ZeroShotOptions["score"];
}

/** A text is answered when the last of its pairs is; of texts whose pairs were not all run, nothing is said. */
async function* labelTexts(
  texts: AsyncIterable<IdentifiedText>,
  { pairs, opened, score, ...running }: Labelling,
): AsyncGenerator<TeacherLabel> {
  const { columns, model } = opened;
  const width = model.labels.length;
  for await (const { block, rows } of runBlocks(blocksOf(texts, pairs, model.plan), running)) {
    for (const [pair, cell] of block.cells.entries()) {
      const row = rows.subarray(pair * width, (pair + 1) * width);
      const { id, known } = block.scores.textOf(cell);
      const finished = block.scores.set(cell, pairScore(row, columns, score));
      if (finished && known !== true) yield { id, logits: block.scores.logitsOf(cell) };
    }
  }
}

function factsOf({ hypotheses }: ZeroShotModel, score: ZeroShotOptions["score"]) {
  const { descriptions, templates, sentences } = hypotheses;
  const times = templates.length === 1 ? "1 template" : `${templates.length} templates`;
  return {
    summary: `${sentences.length} passes of the model per text (${descriptions.length} classes × ${times})`,
    passesPerText: sentences.length,
    descriptions,
    templates,
    score,
  };
}

async function open(options: ZeroShotOptions, context: TeacherContext): Promise<Teacher> {
  const { classes, workers, report } = context;
  const { dtype, batch, score } = options;
  const opened = await openZeroShotModel(options, context, classes);
  const { model, description } = opened;
  warnOfBatches(model, report);
  // Imported here: a stage that is skipped should not pay half a second for it.
  const { loadPairEncoder } = await import("./transformers/pair-encoder.ts");
  const encoder = await loadPairEncoder(model.folder.path, model.maxLength);
  const pairs = tokenizeSentences(opened, encoder);
  const check = checkFirstTexts(model, { model: options.model, report });
  const pool = lazyPool(logitsOptions(model, dtype), { workers, batch });
  return {
    ...(await describeOpened(model, { description, classes, pool })),
    capacity: 2 * textsPerChunk(pairs.sentences.length),
    facts: factsOf(opened, score),
    label: (texts, signal) =>
      labelTexts(check(texts), { pool: pool.open, workers, signal, pairs, opened, score }),
  };
}

/**
 * A model for natural language inference that is asked, for each class, whether a sentence about it follows from the
 * text (Yin et al. 2019, section 5): no label is needed, C × templates forward passes are.
 */
export const teacher: TeacherKind<ZeroShotOptions> = {
  options: zeroShotOptions,
  summary: "a model for natural language inference and a description of each class; needs no label",
  ...classificationKind,
  open,
  openForTiming,
};
