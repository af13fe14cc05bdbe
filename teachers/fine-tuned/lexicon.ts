import { join } from "node:path";
import { readBertWeights } from "../../src/engine/index.ts";
import { messageOf } from "../../src/errors.ts";
import type { TeacherLexicon } from "../../src/types.ts";
import { modelError, type BaseModel } from "./base-model.ts";
import { WORD_VECTORS } from "./program.ts";

/** The pretrained model's word vectors: a student can start from them before and without any fine-tuning. */
export function baseLexicon({ path, weights, config }: BaseModel): TeacherLexicon {
  const { pieces: rows, hidden: size } = config;
  return {
    tokenizer: join(path, "tokenizer.json"),
    async embeddings() {
      const embedding = { name: WORD_VECTORS, rows, size, initializer: { kind: "zeros" as const } };
      try {
        const read = await readBertWeights(weights, { program: { parameters: [], embedding } });
        return { rows, size, data: read.weights[WORD_VECTORS]!.data };
      } catch (thrown) {
        throw modelError(path, "word vectors that can be read", messageOf(thrown), thrown);
      }
    },
  };
}
