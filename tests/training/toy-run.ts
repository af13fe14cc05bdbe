import { writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Random } from "../../src/math/random.ts";
import { recipeSchema, type Recipe, type RecipeInput } from "../../src/recipe/schema.ts";
import { textId } from "../../src/texts/ids.ts";
import type { TokenizerJson } from "../../src/tokenizer/tokenizer-json.ts";
import { prepareSets } from "../../src/training/prepare-sets.ts";
import type { TrainAllOptions } from "../../src/training/train-all.ts";
import { makeVocabulary } from "../../src/training/vocabulary.ts";

export const WORDS = [
  "card",
  "cash",
  "rate",
  "transfer",
  "my",
  "the",
  "was",
  "is",
  "why",
  "lost",
  "late",
  "fee",
  "new",
  "old",
];
export const TOY_CLASSES = ["card", "cash", "rate", "transfer"];

/** A WordPiece tokenizer of a few words and all printable ASCII characters. */
export function toyTokenizer(): TokenizerJson {
  const characters = Array.from({ length: 0x7f - 0x21 }, (_, code) =>
    String.fromCharCode(0x21 + code),
  ).filter((character) => character === character.toLowerCase());
  const pieces = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    ...WORDS,
    ...characters,
    ...characters.map((character) => `##${character}`),
  ];
  const special = (content: string, id: number) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  return {
    version: "1.0",
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(special),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  };
}

/** Texts whose class is the one class name in them; the teacher gives it 3, the others 0. */
function toyTexts(count: number, seed: number) {
  const random = new Random("toy texts", seed);
  return Array.from({ length: count }, (_, index) => {
    const label = TOY_CLASSES[index % TOY_CLASSES.length]!;
    const others = Array.from(
      { length: 2 + random.integer(6) },
      () => WORDS[4 + random.integer(WORDS.length - 4)]!,
    );
    const text = random.shuffle([label, ...others, `${seed}${index}`]).join(" ");
    return { id: textId(text), text, label };
  });
}

export function toyRecipe(more: Partial<RecipeInput> = {}): Recipe {
  const parsed = recipeSchema.parse({
    data: { source: "toy" },
    teacher: { kind: "toy" },
    student: { kind: "bilstm", name: "bilstm", hidden: 12, embedding: { size: 12 } },
    train: { epochs: 6, batch: 16, learningRate: 0.01, seeds: 2 },
    ...more,
  });
  const { seeds } = parsed.train;
  return {
    ...parsed,
    name: "toy",
    student: [parsed.student]
      .flat()
      .map((student) => ({ ...student, name: student.name ?? student.kind })),
    train: {
      ...parsed.train,
      seeds: typeof seeds === "number" ? Array.from({ length: seeds }, (_, seed) => seed) : seeds,
    },
  };
}

/**
 * Everything that `trainAll` needs, on texts that are learnt in seconds, in a folder.
 *
 * @param broken - place of a text, the 40 labelled ones first, to which the teacher says NaN
 */
export async function toyTraining(
  folder: string,
  recipe = toyRecipe(),
  { broken }: { broken?: number } = {},
): Promise<TrainAllOptions> {
  const [labelled, transfer, validation] = [toyTexts(40, 1), toyTexts(160, 2), toyTexts(40, 3)];
  const labelOf = new Map(
    [...labelled, ...transfer, ...validation].map(({ id, label }) => [id, label]),
  );
  const tokenizer = toyTokenizer();
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "teacher-tokenizer.json"), JSON.stringify(tokenizer));
  const rows = Object.keys(tokenizer.model.vocab).length;
  const random = new Random("toy lexicon");
  const data = Float32Array.from({ length: rows * 16 }, () => random.normal());
  const vocabulary = await makeVocabulary({
    folder: join(folder, "vocabulary"),
    lexicon: {
      tokenizer: join(folder, "teacher-tokenizer.json"),
      embeddings: () => Promise.resolve({ rows, size: 16, data }),
    },
    texts: [...labelled, ...transfer].map(({ text }) => text),
    maxLength: 16,
    widths: [12],
  });
  const sets = await prepareSets({
    folder: join(folder, ".data"),
    texts: { labelled, transfer: transfer.map(({ id, text }) => ({ id, text })), validation },
    readLogits: (ids) =>
      Promise.resolve(
        Float32Array.from(
          ids.flatMap((id, place) =>
            TOY_CLASSES.map((label) =>
              place === broken ? NaN : labelOf.get(id) === label ? 3 : 0,
            ),
          ),
        ),
      ),
    prepare: { classes: TOY_CLASSES, validation: "transfer" },
    tokenizer: vocabulary.tokenizer,
    maxLength: 16,
  });
  return {
    recipe,
    folder,
    sets,
    vocabulary: vocabulary.digest,
    classes: TOY_CLASSES,
    device: "cpu",
    workers: 2,
    shardThreads: 1,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onKept: () => undefined,
  };
}
