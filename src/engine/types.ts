import type * as tf from "@tensorflow/tfjs";

/** A size that is fixed when the program is traced, or one that each batch brings: `B` texts of `L` tokens. */
export type Dimension = number | "B" | "L";

export type DataType = "float32" | "int32" | "bool";

export interface TensorSpec {
  shape: readonly Dimension[];
  dtype: DataType;
}

/** How a parameter starts. Random kinds draw from (seed, parameter name), so order does not matter. */
export type Initializer =
  | { kind: "zeros" }
  | { kind: "ones" }
  | { kind: "uniform"; limit: number } // U(-limit, limit)
  | { kind: "normal"; deviation: number }
  | { kind: "values"; values: Float32Array };

export interface ParameterSpec {
  name: string;
  shape: readonly number[];
  initializer: Initializer;
  /** Whether weight decay applies. Default: true for two or more dimensions, false for biases and norms. */
  decay?: boolean;
}

export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** What a program may use besides its tensors. */
export interface ProgramContext {
  /** Whether dropout acts. */
  readonly training: boolean;
  /**
   * Sets each element to zero with probability `rate` and divides the rest by `1 - rate`; the identity when not
   * training. Draws from the engine's seeded pool, never from `tf.dropout` (which a trace would bake in).
   */
  dropout<T extends tf.Tensor>(x: T, rate: number): T;
}

/** A table of vectors that stays on the host: its rows are gathered per batch and only touched rows are updated. */
export interface EmbeddingSpec {
  /** Name in the state dict, e.g. `embeddings.word_embeddings.weight`. */
  name: string;
  rows: number;
  size: number;
  initializer: Initializer;
}

/**
 * A model and its loss, written once in TensorFlow.js operations.
 * With an `embedding`, `forward` finds the gathered rows as `inputs.embedded`, `[B, L, size]`.
 */
export interface Program {
  parameters: readonly ParameterSpec[];
  embedding?: EmbeddingSpec;
  /** All inputs but `embedded`: those of `forward` (such as mask) and those of `loss` only (such as targets). */
  inputs: Readonly<Record<string, TensorSpec>>;
  forward(parameters: Tensors, inputs: Tensors, context: ProgramContext): Record<string, tf.Tensor>;
  /** Scalars. `terms` are reported beside the loss, not differentiated. */
  loss(
    outputs: Tensors,
    inputs: Tensors,
    parameters: Tensors,
  ): { loss: tf.Scalar; terms?: Record<string, tf.Scalar> };
}

/** Where a program runs: ONNX Runtime on the processor or a GPU, or TensorFlow's own kernels, eagerly. */
export type Device = "cpu" | "webgpu" | "cuda" | "tfjs-node" | "tfjs-node-gpu";

export interface SgdOptions {
  momentum: number; // 0: none
  nesterov?: boolean;
  weightDecay: number; // coupled, as in torch.optim.SGD: added to the gradient
}

/** What holds for some of the parameters, the embedding table among them. */
export interface ParameterGroup {
  /** Exact names, or beginnings of names followed by `*`. The first group that has a name holds for it. */
  names: readonly string[];
  /** Multiplies the learning rate. Default 1. */
  rate?: number;
  /** In place of the optimizer's weight decay, whatever the parameter's own `decay` says. */
  weightDecay?: number;
  /** Whether the parameters stay as they are: no backward pass is made for them. */
  frozen?: boolean;
}

export interface AdamWOptions {
  beta1: number; // 0.9
  beta2: number; // 0.999
  epsilon: number; // 1e-8
  weightDecay: number; // decoupled, per step: p -= learningRate * weightDecay * p
}

export type OptimizerOptions = ({ kind: "adamw" } & AdamWOptions) | ({ kind: "sgd" } & SgdOptions);

export interface CompileOptions {
  seed: number;
  optimizer: OptimizerOptions;
  groups?: readonly ParameterGroup[];
  /** Default `cpu`. */
  device?: Device;
  /**
   * Equal parts that each batch is split into; their gradients are summed in their order. The result depends on this
   * number but not on `workers`. The loss must be a mean over the texts. Default 1.
   */
  shards?: number;
  /** Threads that run shards at the same time, at most. Default 1: one after the other, in the calling thread. */
  workers?: number;
  /** Gradients are scaled so that their global L2 norm is at most this. Off where undefined. */
  clipNorm?: number;
  /** Threads inside one operator. Default 1: independent runs side by side use cores better. */
  threads?: number;
  /** The largest `B * L` that will come; sizes the dropout pool. */
  maxTokens: number;
}

/** One batch. Arrays are row-major; `B` and `L` may differ from batch to batch. */
export interface Batch {
  batch: number;
  length: number;
  /** Rows of the embedding table, `[B, L]`. */
  tokens?: Int32Array;
  /** Every program input that the call needs, by name. */
  inputs: Readonly<Record<string, Float32Array | Int32Array>>;
}

export interface StepResult {
  loss: number;
  terms: Record<string, number>;
  /** Global L2 norm before clipping. */
  gradientNorm: number;
}

export interface NamedArray {
  shape: readonly number[];
  data: Float32Array;
}
export type StateDict = Record<string, NamedArray>;

/** All that the next step depends on, together with the seed: restoring it continues bit for bit. */
export interface EngineState {
  step: number;
  weights: StateDict;
  optimizer: StateDict;
}

export interface ExportOptions {
  /** Which of `forward`'s outputs leave, and under which names. */
  outputs: Readonly<Record<string, string>>; // e.g. { logits: "logits" }
  /** Written into the model's metadata. */
  metadata?: Readonly<Record<string, string>>;
}

/** A compiled program with its parameters and optimizer state. Steps are to be awaited one after the other. */
export interface CompiledProgram {
  readonly device: Device;
  /**
   * Forward, backward and one optimizer update; of several batches, the update that one batch of all their texts would
   * have made (gradient accumulation: the loss must be a mean over the texts). Throws `EngineError` `E_NONFINITE` on NaN or infinity, before the update.
   */
  step(batch: Batch | readonly Batch[], options: { learningRate: number }): Promise<StepResult>;
  /** Loss and gradients without an update (dropout as in the coming step). For tests and diagnosis. */
  gradients(batch: Batch): Promise<{ loss: number; gradients: StateDict }>;
  /** `forward` without dropout. */
  forward(batch: Batch): Promise<Record<string, NamedArray>>;
  /** A deep copy. */
  saveState(): Promise<EngineState>;
  /** @throws EngineError `E_STATE` naming the missing, unknown or misshapen tensor. */
  loadState(state: EngineState): Promise<void>;
  loadWeights(weights: StateDict): Promise<void>;
  /**
   * The forward pass as a self-contained ONNX model with free batch and length:
   * `input_ids` int64 `[B, L]` and `attention_mask` int64 `[B, L]` to the named outputs. The mask reaches the
   * program as its float32 input `mask` `[B, L]`.
   */
  exportOnnx(options: ExportOptions): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

/** A pure function of tensors, compiled: what is not a model with parameters (regression, statistics). */
export interface FunctionProgram {
  inputs: Readonly<Record<string, TensorSpec>>;
  run(inputs: Tensors): Record<string, tf.Tensor>;
}
export interface CompiledFunction {
  /** Free dimensions are taken from the arrays' shapes; all must agree on them. */
  run(
    inputs: Readonly<Record<string, NamedArray | { shape: readonly number[]; data: Int32Array }>>,
  ): Promise<Record<string, NamedArray>>;
  dispose(): Promise<void>;
}
