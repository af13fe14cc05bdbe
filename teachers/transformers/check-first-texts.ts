import type { IdentifiedText, Report } from "../../src/types.ts";
import type { ClassificationModel } from "./classification-model.ts";
import { checkTokenizerFit } from "./tokenizer-fit.ts";

/** Texts that are looked at before the first is labelled. */
const FIRST = 256;

/** Passes texts on; may look at the first of them before. */
export type CheckedTexts = (texts: AsyncIterable<IdentifiedText>) => AsyncIterable<IdentifiedText>;

/**
 * Warns once, at the first texts that come, where the model's tokenizer does not fit them: a teacher that learns from
 * no labelled text sees none before.
 */
export function checkFirstTexts(
  { folder }: ClassificationModel,
  { model, report }: { model: string; report: Report },
): CheckedTexts {
  let checked = false;
  return async function* (texts) {
    const first: IdentifiedText[] = [];
    const iterator = texts[Symbol.asyncIterator]();
    try {
      while (!checked && first.length < FIRST) {
        const next = await iterator.next();
        if (next.done === true) break;
        first.push(next.value);
      }
      if (!checked) await checkTokenizerFit({ folder: folder.path, model, texts: first, report });
      checked = true;
      yield* first;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
}
