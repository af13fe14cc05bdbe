import {
  applyDense,
  bertParameters,
  bertStates,
  denseParameters,
  fineTuneGroups,
  firstToken,
  tf,
} from "../../src/engine/index.ts";
import type { ParameterGroup, Program } from "../../src/engine/index.ts";
import { crossEntropyLoss } from "../../src/losses/cross-entropy.ts";
import type { BertConfig } from "./base-model.ts";
import type { FineTunedOptions } from "./options.ts";

/** The head's parameters are `classifier.weight` `[C, H]` and `classifier.bias` `[C]`. */
export const HEAD = "classifier";

export const WORD_VECTORS = "embeddings.word_embeddings.weight";

export interface ProgramOptions {
  config: BertConfig;
  options: Pick<FineTunedOptions, "dropout" | "pooling" | "maxLength">;
  /** C. */
  classes: number;
}

/**
 * Mean of the states of a text's tokens, `[B, L, H]` → `[B, H]`, whose bits depend neither on the padding nor on the
 * number of texts: a product with each token's share, made twice, and the mean of the two. ONNX Runtime takes a sum over
 * `L` in another order where `B` is 1, and a product with a single row in another one where `L` is odd.
 */
function meanState(states: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor2D {
  const shares = tf.expandDims<tf.Tensor3D>(tf.div(mask, tf.sum(mask, 1, true)), 1);
  return tf.mean(tf.matMul(tf.concat([shares, shares], 1), states), 1);
}

/**
 * BERT with a linear head on a text's pooled states, and the cross-entropy of gold labels. Inputs: `mask` `[B, L]`,
 * `labels` int32 `[B]`. Outputs: `logits` `[B, C]` of `pooled` `[B, H]`. There is no pooler: it was trained for another task.
 */
export function classifierProgram({ config, options, classes }: ProgramOptions): Program {
  const { hidden, pieces, layers, heads, epsilon } = config;
  const { dropout, pooling, maxLength } = options;
  return {
    parameters: [
      ...bertParameters({ ...config, embedding: hidden, positions: maxLength }),
      ...denseParameters(HEAD, classes, hidden),
    ],
    embedding: {
      name: WORD_VECTORS,
      rows: pieces,
      size: hidden,
      // Its start is the pretrained one.
      initializer: { kind: "zeros" },
    },
    inputs: {
      mask: { shape: ["B", "L"], dtype: "float32" },
      labels: { shape: ["B"], dtype: "int32" },
    },
    forward(parameters, inputs, context) {
      const mask = inputs["mask"] as tf.Tensor2D;
      const embedded = inputs["embedded"] as tf.Tensor3D;
      const bert = { layers, heads, dropout, epsilon };
      const states = bertStates(parameters, { embedded, mask }, context, bert).at(-1)!;
      const pooled = pooling === "cls" ? firstToken(states) : meanState(states, mask);
      return { pooled, logits: applyDense(parameters, HEAD, context.dropout(pooled, dropout)) };
    },
    loss(outputs, inputs) {
      const logits = outputs["logits"] as tf.Tensor2D;
      return { loss: crossEntropyLoss({ logits, labels: inputs["labels"] as tf.Tensor1D }) };
    },
  };
}

/**
 * What learns and how fast, in multiples of the encoder's peak rate: the head `headRate`, the last layer `layerDecay`,
 * the one below it `layerDecay²`, and so on down to the embeddings (Howard & Ruder 2018, section 3.2).
 */
export function parameterGroups(
  program: Program,
  { trainable, layerDecay, headRate }: FineTunedOptions,
): ParameterGroup[] {
  return [
    { names: [`${HEAD}.*`], rate: headRate },
    ...fineTuneGroups(program, { fineTune: trainable, layerDecay }),
  ];
}
