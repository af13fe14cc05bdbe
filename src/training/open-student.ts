import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeSafetensors } from "../engine/safetensors.ts";
import type { CompiledProgram } from "../engine/types.ts";
import type { Recipe } from "../recipe/schema.ts";
import { loadTokenizer, type Tokenizer } from "../tokenizer/tokenizer.ts";
import type { TrainedRun } from "../types.ts";
import { buildStudent } from "./build-student.ts";
import { buildTrainingSet } from "../fitting/training-set.ts";
import { answerSet } from "../fitting/validation.ts";

/** A trained student with its best weights, ready to answer or to be exported. */
export interface TrainedStudent {
  program: CompiledProgram;
  tokenizer: Tokenizer;
  /** Class names in the order of the logits. */
  classes: readonly string[];
  /** Longest input in pieces, [CLS] and [SEP] included. */
  maxLength: number;
  /** Logits `[N, C]`, row-major, in the order of the texts. */
  logits(texts: readonly string[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a student that training left: a distilled run or one on hard labels.
 *
 * @param run - of the train stage's manifest
 * @param trainFolder - `train/` of the run's folder
 * @throws EngineError `E_FILE` where the weights are damaged, `E_STATE` where they are of another student.
 */
export async function openTrainedStudent(
  run: TrainedRun,
  trainFolder: string,
  recipe: Recipe,
): Promise<TrainedStudent> {
  const { student, embedding, classes, maxLength } = run.options as {
    student: unknown;
    embedding: { size: number; init: "teacher" | "random" };
    classes: string[];
    maxLength: number;
  };
  const vocabulary = join(trainFolder, "vocabulary");
  const tokenizer = await loadTokenizer(join(vocabulary, "tokenizer.json"));
  const program = await buildStudent({
    student: {
      kind: run.kind,
      options: student,
      embedding,
      vocabulary,
      maxLength,
      loss: { kind: "cross-entropy" },
      optimizer: { ...recipe.train.optimizer, weightDecay: recipe.train.weightDecay },
      clipNorm: recipe.train.clipNorm,
      // Where it was trained does not matter: it answers where it will be deployed.
      shards: 1,
      device: "cpu",
    },
    classes: classes.length,
    pieces: tokenizer.pieces,
    seed: run.seed,
    maxTokens: maxLength,
    embeddings: { kind: "zeros" },
  });
  const path = join(trainFolder, run.folder, "weights.safetensors");
  try {
    await program.loadWeights(decodeSafetensors(await readFile(path), path).tensors);
  } catch (thrown) {
    await program.dispose();
    throw thrown;
  }
  const unlabelled = { tokenizer, maxLength, classes: classes.length, readLogits: null };
  return {
    program,
    tokenizer,
    classes,
    maxLength,
    async logits(texts) {
      // Places serve as ids: a text that comes twice is answered twice.
      const rows = texts.map((text, place) => ({ id: String(place), text, label: -1 }));
      return answerSet(program, await buildTrainingSet(rows, unlabelled));
    },
    close: () => program.dispose(),
  };
}
