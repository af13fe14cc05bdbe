import type { Program } from "../../src/engine/types.ts";
import { students } from "../../src/registry.ts";
import { studentProgram } from "../../src/training/program.ts";

/** A student and its sizes, as both sides read it. */
export interface ModelSpec {
  student: "bilstm" | "transformer";
  /** The student's own options; `hidden` of a Transformer is `embedding`. */
  options: Readonly<Record<string, number | string>>;
  vocabulary: number;
  embedding: number;
  classes: number;
  maxLength: number;
}

/** What PyTorch updates its weights with: AdamW in one kernel, AdamW as written by default, SparseAdam for the table. */
export const PEER_OPTIMIZERS = ["fused", "default", "sparse"] as const;
export type PeerOptimizer = (typeof PEER_OPTIMIZERS)[number];

/** A training step that is held against PyTorch's. */
export interface StepWork {
  /** For `--only`. */
  name: string;
  title: string;
  model: ModelSpec;
  batch: number;
  length: number;
  /** The most that our time may be of PyTorch's, by its optimizer; without one the figure is printed beside. */
  limits: Readonly<Partial<Record<PeerOptimizer, number>>>;
}

const CLASSES = 77;

/** Without dropout, whose random numbers the two sides could not share. */
export const BILSTM: ModelSpec = {
  student: "bilstm",
  options: { hidden: 128, dropout: 0, pooling: "mean+max" },
  vocabulary: 30_000,
  embedding: 128,
  classes: CLASSES,
  maxLength: 128,
};

export const TRANSFORMER: ModelSpec = {
  student: "transformer",
  options: { layers: 2, heads: 2, dropout: 0 },
  vocabulary: 30_000,
  embedding: 128,
  classes: CLASSES,
  maxLength: 128,
};

const WIDER: ModelSpec = {
  ...TRANSFORMER,
  options: { layers: 4, heads: 4, dropout: 0 },
  embedding: 256,
};

const ENCODER: ModelSpec = {
  ...TRANSFORMER,
  options: { layers: 6, heads: 12, intermediate: 1536, dropout: 0 },
  vocabulary: 30_522,
  embedding: 384,
};

export const STEP_WORKS: readonly StepWork[] = [
  {
    name: "bilstm",
    title: "BiLSTM 128, V 30,000, B 32, L 64",
    model: BILSTM,
    batch: 32,
    length: 64,
    limits: { fused: 1, default: 0.85 },
  },
  {
    name: "transformer",
    title: "Transformer 2×128, V 30,000, B 32, L 64",
    model: TRANSFORMER,
    batch: 32,
    length: 64,
    limits: { fused: 1.15, default: 0.95 },
  },
  {
    name: "transformer-256",
    title: "Transformer 4×256, V 30,000, B 32, L 64",
    model: WIDER,
    batch: 32,
    length: 64,
    limits: { fused: 1.2, default: 1.1 },
  },
  {
    name: "fine-tuning",
    title: "encoder 6×384, V 30,522, B 32, L 32",
    model: ENCODER,
    batch: 32,
    length: 32,
    limits: { fused: 1.3 },
  },
];

/** The student with the distillation loss of T = 2, alpha 0: teacher's logits only. */
export async function modelProgram(model: ModelSpec): Promise<Program> {
  const student = await students[model.student]!();
  const { embedding, classes, maxLength, vocabulary } = model;
  return studentProgram({
    student,
    options: student.options.parse(model.options),
    sizes: { embedding, classes, maxLength },
    pieces: vocabulary,
    embeddings: { kind: "normal", deviation: 0.3 },
    loss: { kind: "hinton", temperature: 2, alpha: 0 },
  });
}
