import * as tf from "@tensorflow/tfjs";
import { eagerContext } from "../../src/engine/dropout/contexts.ts";
import { DropoutPool } from "../../src/engine/dropout/dropout-pool.ts";
import type {
  AdamWOptions,
  Batch,
  CompileOptions,
  EngineState,
  Program,
} from "../../src/engine/index.ts";
import type { Student } from "../../src/types.ts";

export const TABLE = "embeddings.word_embeddings.weight";

export const ADAMW: AdamWOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
};

export const compileOptions: CompileOptions = {
  seed: 5,
  optimizer: { kind: "adamw", ...ADAMW },
  maxTokens: 64,
};

/** Cross-entropy of a student on given distributions over `classes` classes. */
export function studentProgram<Options>(
  student: Student<Options>,
  chosen: unknown,
  { rows = 23, embedding = 4, classes = 3, maxLength = 12 } = {},
): Program {
  const options = student.options.parse(chosen);
  const sizes = { embedding, classes, maxLength };
  return {
    parameters: student.parameters(options, sizes),
    embedding: {
      name: TABLE,
      rows,
      size: embedding,
      initializer: { kind: "normal", deviation: 0.7 },
    },
    inputs: {
      mask: { shape: ["B", "L"], dtype: "float32" },
      targets: { shape: ["B", classes], dtype: "float32" },
    },
    forward(parameters, inputs, context) {
      const { embedded, mask } = inputs as { embedded: tf.Tensor3D; mask: tf.Tensor2D };
      return {
        logits: student.forward(parameters, { embedded, mask }, context, options, sizes).output,
      };
    },
    loss({ logits }, { targets }) {
      const perText = tf.neg(tf.sum(tf.mul(targets!, tf.logSoftmax(logits!)), 1));
      const loss = tf.mean<tf.Scalar>(perText);
      return { loss, terms: { double: tf.mul<tf.Scalar>(loss, 2) } };
    },
  };
}

/** Texts of `lengths` tokens, padded to `length` with token 0, and one-hot targets. */
export function makeBatch(
  lengths: readonly number[],
  options: { length?: number; classes?: number; rows?: number } = {},
): Batch {
  const { length = Math.max(...lengths), classes = 3, rows = 23 } = options;
  const tokens = new Int32Array(lengths.length * length);
  const mask = new Float32Array(lengths.length * length);
  const targets = new Float32Array(lengths.length * classes);
  lengths.forEach((count, text) => {
    for (let place = 0; place < count; place += 1) {
      tokens[text * length + place] = 1 + ((text * 7 + place * 5 + count) % (rows - 1));
      mask[text * length + place] = 1;
    }
    targets[text * classes + (text % classes)] = 1;
  });
  return { batch: lengths.length, length, tokens, inputs: { mask, targets } };
}

/** Loss and gradients by tfjs's cpu backend, dropout as in the step after `state`. */
export function eagerGradients(
  program: Program,
  state: EngineState,
  batch: Batch,
  seed = compileOptions.seed,
) {
  const { rows, size } = program.embedding!;
  const { tokens, length } = batch;
  const names = program.parameters.map((parameter) => parameter.name);
  return tf.tidy(() => {
    const table = tf.tensor(state.weights[TABLE]!.data, [rows, size]);
    const values = names.map((name) =>
      tf.tensor(state.weights[name]!.data, [...state.weights[name]!.shape]),
    );
    const inputs = Object.fromEntries(
      Object.entries(program.inputs).map(([name, { shape, dtype }]) => {
        const sizes = shape.map((size) =>
          size === "B" ? batch.batch : size === "L" ? length : size,
        );
        return [name, tf.tensor(batch.inputs[name]!, sizes, dtype)];
      }),
    );
    const objective = (...learned: tf.Tensor[]) => {
      const parameters = Object.fromEntries(
        names.map((name, index) => [name, learned[index + 1]!]),
      );
      const embedded = tf.gather(learned[0]!, tf.tensor2d(tokens!, [batch.batch, length], "int32"));
      const all = { ...inputs, embedded };
      const context = eagerContext(new DropoutPool(seed), state.step + 1);
      const outputs = program.forward(parameters, all, context);
      return program.loss(outputs, all, parameters).loss;
    };
    const { value, grads } = tf.valueAndGrads(objective)([table, ...values]);
    const gradients = [TABLE, ...names].map(
      (name, index) => [name, grads[index]!.dataSync() as Float32Array] as const,
    );
    return { loss: value.dataSync()[0]!, gradients: Object.fromEntries(gradients) };
  });
}
