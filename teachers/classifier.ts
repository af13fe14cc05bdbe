import type {
  IdentifiedText,
  Teacher,
  TeacherContext,
  TeacherKind,
  TeacherLabel,
} from "../src/types.ts";
import { mapClasses, type ClassMap } from "./classifier/class-logits.ts";
import { describeClassifier } from "./classifier/describe.ts";
import { listNames } from "./classifier/map-labels.ts";
import { classifierOptions, type ClassifierOptions } from "./classifier/options.ts";
import { openForTiming } from "./classifier/timing.ts";
import { makeAskedBlocks, type AskedBlocksOptions } from "./transformers/asked-blocks.ts";
import { textsInFlight } from "./transformers/blocks.ts";
import { checkFirstTexts } from "./transformers/check-first-texts.ts";
import {
  openClassificationModel,
  type ClassificationModel,
} from "./transformers/classification-model.ts";
import { classificationKind, describeOpened } from "./transformers/classification-teacher.ts";
import { lazyPool } from "./transformers/lazy-pool.ts";
import { logitsOptions, warnOfBatches } from "./transformers/open-logits.ts";
import { runBlocks, type RunBlocksOptions } from "./transformers/run-blocks.ts";

interface Labelling extends RunBlocksOptions, AskedBlocksOptions {
  map: ClassMap;
  /** Logits of the model, K. */
  width: number;
}

async function* labelTexts(
  texts: AsyncIterable<IdentifiedText>,
  { encodeText, fixed, map, width, ...running }: Labelling,
): AsyncGenerator<TeacherLabel> {
  const blocks = makeAskedBlocks(texts, { encodeText, fixed });
  for await (const { block, rows } of runBlocks(blocks, running)) {
    for (const [row, id] of block.textIds.entries())
      if (block.wanted.has(id))
        yield { id, logits: map.apply(rows.subarray(row * width, (row + 1) * width)) };
  }
}

function factsOf({ labels, problem }: ClassificationModel, { dropped }: ClassMap) {
  const without = dropped.length > 0 ? `, without ${listNames(dropped)}` : "";
  return {
    summary: `${labels.length} labels of the model${without}`,
    modelLabels: labels,
    dropped,
    ...(problem !== null && { problem }),
  };
}

async function open(options: ClassifierOptions, context: TeacherContext): Promise<Teacher> {
  const { classes, workers, report } = context;
  const { dtype, batch } = options;
  const model = await openClassificationModel(options, context);
  const map = mapClasses(model, classes, options);
  warnOfBatches(model, report);
  // Imported here: a stage that is skipped should not pay half a second for it.
  const { loadTextEncoder } = await import("./transformers/text-encoder.ts");
  const encodeText = await loadTextEncoder(model.folder.path, model.maxLength);
  const check = checkFirstTexts(model, { model: options.model, report });
  const pool = lazyPool(logitsOptions(model, dtype), { workers, batch });
  const description = describeClassifier(model, map, { classes, options });
  const width = model.labels.length;
  return {
    ...(await describeOpened(model, { description, classes, pool })),
    capacity: textsInFlight(workers),
    facts: factsOf(model, map),
    label: (texts, signal) =>
      labelTexts(check(texts), {
        ...{ pool: pool.open, workers, signal },
        ...{ encodeText, fixed: model.plan === "fixed", map, width },
      }),
  };
}

/** A model that was trained to classify texts: its raw logits, its labels mapped to the data's classes. */
export const teacher: TeacherKind<ClassifierOptions> = {
  options: classifierOptions,
  summary: "a text classification model as it is, its labels mapped to the classes by name",
  ...classificationKind,
  open,
  openForTiming,
};
