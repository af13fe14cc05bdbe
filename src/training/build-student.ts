import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compile } from "../engine/index.ts";
import { decodeSafetensors } from "../engine/safetensors.ts";
import type { CompiledProgram, Initializer } from "../engine/types.ts";
import { LimbeckError } from "../errors.ts";
import { Random } from "../math/random.ts";
import { students } from "../registry.ts";
import type { StudentJob } from "./jobs.ts";
import { studentProgram } from "./program.ts";

/** Deviation of embeddings that start at random: that of the teacher's after PCA. */
const DEVIATION = 0.3;

/** Name of the start embeddings of one width in `vocabulary/embeddings.safetensors`. */
export function startTensor(size: number): string {
  return `teacher.${size}`;
}

export interface BuildStudentOptions {
  student: StudentJob;
  classes: number;
  pieces: number;
  seed: number;
  /** Threads that work on shards at the same time, at most. Default 1. */
  shardThreads?: number;
  /** The largest B · L that will come. */
  maxTokens: number;
  /** Where weights will be loaded, the start does not matter. */
  embeddings: Initializer;
}

/** Compiles a student of the registry with its loss. */
export async function buildStudent(options: BuildStudentOptions): Promise<CompiledProgram> {
  const { student, classes, pieces, seed, shardThreads = 1, maxTokens, embeddings } = options;
  const definition = await students[student.kind]?.();
  if (definition === undefined) {
    throw new LimbeckError(
      "E_RECIPE",
      `Expected student.kind to be a name in students/, got ${student.kind}.`,
    );
  }
  const program = studentProgram({
    student: definition,
    options: student.options,
    sizes: { embedding: student.embedding.size, classes, maxLength: student.maxLength },
    pieces,
    embeddings,
    loss: student.loss,
  });
  return compile(program, {
    seed,
    optimizer: student.optimizer,
    clipNorm: student.clipNorm,
    device: student.device,
    shards: student.shards,
    workers: shardThreads,
    threads: 1,
    maxTokens,
  });
}

/**
 * Where the embedding table starts: the teacher's vectors as the vocabulary's folder keeps them, or normal numbers of
 * the same deviation drawn from the seed. The padding row, 0, is zero.
 *
 * @param pieces - V
 */
export async function startOfEmbeddings(
  student: StudentJob,
  pieces: number,
  seed: number,
): Promise<Initializer> {
  const { init, size } = student.embedding;
  if (init === "random") return { kind: "values", values: randomEmbeddings(pieces, size, seed) };
  const path = join(student.vocabulary, "embeddings.safetensors");
  const tensor = decodeSafetensors(await readFile(path), path).tensors[startTensor(size)];
  if (tensor?.shape[0] !== pieces) {
    throw new LimbeckError(
      "E_TRAINING",
      `Expected start embeddings of ${pieces} pieces × ${size} in ${path}, got ${tensor?.shape.join(" × ") ?? "none"}. Train again: --from train.`,
    );
  }
  return { kind: "values", values: tensor.data };
}

function randomEmbeddings(pieces: number, size: number, seed: number): Float32Array {
  const random = new Random("embeddings", seed);
  const values = new Float32Array(pieces * size);
  for (let index = size; index < values.length; index += 1)
    values[index] = DEVIATION * random.normal();
  return values;
}
