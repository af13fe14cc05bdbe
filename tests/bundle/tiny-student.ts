import { join } from "node:path";
import { draftBundle, type Draft, type DraftOptions } from "../../src/bundle/draft.ts";
import { encodeSafetensors } from "../../src/engine/safetensors.ts";
import { packageRoot } from "../../src/platform/package-root.ts";
import { writeFileAtomic } from "../../src/platform/files.ts";
import { recipeSchema, type Recipe } from "../../src/recipe/schema.ts";
import { students } from "../../src/registry.ts";
import { cutVocabulary } from "../../src/tokenizer/cut-vocabulary.ts";
import { makeTokenizer } from "../../src/tokenizer/tokenizer.ts";
import { readTokenizerJson } from "../../src/tokenizer/tokenizer-json.ts";
import { buildStudent } from "../../src/training/build-student.ts";
import type { TrainedRun } from "../../src/types.ts";

export const CLASSES = ["card", "cash", "Ärger 🙂", "rate?"];
export const MAX_LENGTH = 24;

/** Texts of many lengths: none, one word, an unknown script, longer than the student reads. */
export const TEXTS = [
  "",
  "card",
  "my card was swallowed by the machine",
  "Ça coûte combien, l'argent ? 取引",
  "why is my top-up still pending after two hours?",
  "?!",
  "the rate of exchange is wrong again ".repeat(12),
  "x".repeat(300),
];

/** Options by kind, as small as they go. */
const SMALL: Record<string, { options: Record<string, unknown>; embedding: number }> = {
  bilstm: { options: { hidden: 9 }, embedding: 10 },
  transformer: { options: { hidden: 16, layers: 2, heads: 2, intermediate: 24 }, embedding: 16 },
};

export function tinyRecipe(kind: string, tolerance = 1e-4): Recipe {
  const { options, embedding } = SMALL[kind]!;
  const student = {
    kind,
    name: kind,
    embedding: { size: embedding, init: "random" as const },
    ...options,
  };
  const parsed = recipeSchema.parse({
    data: { source: "texts" },
    teacher: { kind: "none" },
    student,
    export: { tolerance },
  });
  return { ...parsed, name: "tiny", student: [student], train: { ...parsed.train, seeds: [0] } };
}

/** Leaves what training would leave of a student with random weights, and returns its run. */
export async function writeTinyStudent(
  trainFolder: string,
  kind: string,
  seed = 0,
): Promise<TrainedRun> {
  const original = await readTokenizerJson(
    join(packageRoot(), "teachers/minilm-l6-v2/tokenizer.json"),
  );
  const { tokenizer: json } = cutVocabulary(original, TEXTS.slice(0, 6), MAX_LENGTH);
  const vocabulary = join(trainFolder, "vocabulary");
  await writeFileAtomic(join(vocabulary, "tokenizer.json"), JSON.stringify(json));
  const { pieces } = makeTokenizer(json);
  const { embedding } = SMALL[kind]!;
  const options = (await students[kind]!()).options.parse(SMALL[kind]!.options);
  const program = await buildStudent({
    student: {
      kind,
      options,
      embedding: { size: embedding, init: "random" },
      vocabulary,
      maxLength: MAX_LENGTH,
      loss: { kind: "cross-entropy" },
      optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      clipNorm: 1,
      shards: 1,
      device: "cpu",
    },
    classes: CLASSES.length,
    pieces,
    seed,
    maxTokens: MAX_LENGTH,
    embeddings: { kind: "normal", deviation: 1 },
  });
  const folder = `${kind}/seed-${seed}`;
  await writeFileAtomic(
    join(trainFolder, folder, "weights.safetensors"),
    encodeSafetensors((await program.saveState()).weights),
  );
  await program.dispose();
  return {
    variant: kind,
    role: "student",
    kind,
    seed,
    targets: "soft",
    folder,
    steps: 10,
    epochs: 1,
    bestStep: 10,
    validationScore: 0.5,
    parameters: 1,
    seconds: 1,
    options: {
      student: options,
      embedding: { size: embedding, init: "random" },
      classes: CLASSES,
      maxLength: MAX_LENGTH,
    },
  };
}

/** A draft of a tiny student's bundle under `folder`. */
export async function draftTiny(
  folder: string,
  kind: string,
  more: Partial<DraftOptions> = {},
): Promise<Draft> {
  const trainFolder = join(folder, "train");
  const run = more.run ?? (await writeTinyStudent(trainFolder, kind));
  return await draftBundle({
    run,
    trainFolder,
    recipe: tinyRecipe(kind),
    embedding: SMALL[kind]!.embedding,
    classes: CLASSES,
    texts: TEXTS,
    split: "test",
    folder: join(folder, "bundle"),
    ...more,
  });
}
