import { join } from "node:path";
import { packageRoot } from "../platform/package-root.ts";
import type { TeacherLexicon, TeacherPlace } from "../types.ts";

/**
 * Tokenizer and word vectors of the encoder in the package, for students of a teacher that has none to read: one on a
 * server, or a file of answers.
 */
export async function shippedLexicon(place: TeacherPlace): Promise<TeacherLexicon> {
  // In the package itself: a folder of this name beside the recipe is somebody else's.
  const model = join(packageRoot(), "teachers", "minilm-l6-v2");
  const { kind, options } = await place.findKind({ kind: "encoder-head", model });
  const lexicon = await kind.lexicon(options, place);
  if (lexicon === null) throw new Error(`Expected word vectors in ${model}, got none.`);
  return lexicon;
}
