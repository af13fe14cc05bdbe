import {
  compileFunction,
  type CompiledFunction,
  type FunctionProgram,
} from "../../engine/index.ts";
import { tf } from "../../engine/tfjs.ts";

/** A linear classifier: logits = x W + b. */
export interface Classifier {
  /** `[D, C]`, row-major. */
  weights: Float32Array;
  /** `[C]`. */
  bias: Float32Array;
}

/** Mean cross-entropy of a classifier over some texts and its gradients; what the texts are is the loss's business. */
export interface ClassificationLoss {
  readonly texts: number;
  /** D. */
  readonly features: number;
  /** C. */
  readonly classes: number;
  evaluate(classifier: Classifier): Promise<{ value: number; gradient: Classifier }>;
}

/** Texts as vectors `[N, D]` with a class each. */
export interface LabelledVectors {
  vectors: Float32Array;
  labels: Int32Array;
}

/**
 * With `P = softmax(X W + b)` and one-hot targets `Y`: losses `-Σ_c Y log P` per text, and the sums over the texts of
 * the gradients, `Xᵀ (P - Y)` and `1ᵀ (P - Y)`.
 */
function program(features: number, classes: number): FunctionProgram {
  return {
    inputs: {
      x: { shape: ["B", features], dtype: "float32" },
      targets: { shape: ["B", classes], dtype: "float32" },
      weights: { shape: [features, classes], dtype: "float32" },
      bias: { shape: [classes], dtype: "float32" },
    },
    run(inputs) {
      const x = inputs["x"] as tf.Tensor2D;
      const targets = inputs["targets"] as tf.Tensor2D;
      const logits: tf.Tensor2D = tf.add(
        tf.matMul(x, inputs["weights"] as tf.Tensor2D),
        inputs["bias"]!,
      );
      const logProbabilities = tf.logSoftmax(logits);
      const errors: tf.Tensor2D = tf.sub(tf.exp(logProbabilities), targets);
      return {
        losses: tf.neg(tf.sum(tf.mul(targets, logProbabilities), 1)),
        weightGradient: tf.matMul(x, errors, true, false),
        biasGradient: tf.sum(errors, 0),
      };
    },
  };
}

function oneHot(labels: Int32Array, classes: number): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, text) => {
    targets[text * classes + label] = 1;
  });
  return targets;
}

/** The loss of dense vectors, compiled once by the engine for any number of texts. */
export class DenseLoss {
  readonly features: number;
  readonly classes: number;
  private readonly compiled: CompiledFunction;

  private constructor(features: number, classes: number, compiled: CompiledFunction) {
    this.features = features;
    this.classes = classes;
    this.compiled = compiled;
  }

  /** @param sizes - D and C; `threads` of one evaluation, default 1 */
  static async compile(sizes: {
    features: number;
    classes: number;
    threads?: number;
  }): Promise<DenseLoss> {
    const { features, classes, threads = 1 } = sizes;
    return new DenseLoss(
      features,
      classes,
      await compileFunction(program(features, classes), { threads }),
    );
  }

  /** The loss over these texts. @throws RangeError when vectors, labels and sizes do not fit together. */
  on({ vectors, labels }: LabelledVectors): ClassificationLoss {
    const { features, classes, compiled } = this;
    const texts = labels.length;
    if (
      texts === 0 ||
      vectors.length !== texts * features ||
      labels.some((label) => !(label >= 0 && label < classes))
    ) {
      throw new RangeError(
        `Expected vectors of ${features} numbers for ${texts} texts, each of one of ${classes} classes.`,
      );
    }
    const fixed = {
      x: { shape: [texts, features], data: vectors },
      targets: { shape: [texts, classes], data: oneHot(labels, classes) },
    };
    return {
      texts,
      features,
      classes,
      async evaluate({ weights, bias }) {
        const outputs = await compiled.run({
          ...fixed,
          weights: { shape: [features, classes], data: weights },
          bias: { shape: [classes], data: bias },
        });
        // Summed here in float64: the line search compares values that differ in the eighth digit.
        const value = outputs["losses"]!.data.reduce((sum, loss) => sum + loss, 0) / texts;
        const mean = (sums: Float32Array) => sums.map((sum) => sum / texts);
        return {
          value,
          gradient: {
            weights: mean(outputs["weightGradient"]!.data),
            bias: mean(outputs["biasGradient"]!.data),
          },
        };
      },
    };
  }

  async dispose(): Promise<void> {
    await this.compiled.dispose();
  }
}
