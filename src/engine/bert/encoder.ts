import { gelu } from "../ops/gelu.ts";
import { layerNorm } from "../ops/layer-norm.ts";
import { linear } from "../ops/linear.ts";
import { prefixRows } from "../ops/prefix-rows.ts";
import { tf } from "../tfjs.ts";
import type { ProgramContext, Tensors } from "../types.ts";

/** Added to the scores of padding: softmax makes it exactly 0. */
const NEVER = 1e9;

export interface BertOptions {
  layers: number;
  heads: number;
  /** Share of elements that a training step zeroes, in the places where BERT does. */
  dropout: number;
  /** Added to the variances of the norms. */
  epsilon: number;
}

/** What the parts of one forward pass share. */
interface Pass {
  tensors: Tensors;
  context: ProgramContext;
  options: BertOptions;
}

/** `x · Wᵀ + b` by the parameters `<name>.weight` and `<name>.bias`. */
export function applyDense<T extends tf.Tensor>(tensors: Tensors, name: string, x: T): T {
  const weight = tensors[`${name}.weight`] as tf.Tensor2D;
  return linear(x, weight, tensors[`${name}.bias`] as tf.Tensor1D);
}

function applyNorm<T extends tf.Tensor>({ tensors, options }: Pass, name: string, x: T): T {
  return layerNorm(x, tensors[`${name}.weight`]!, tensors[`${name}.bias`]!, options.epsilon);
}

/** Dropout, residual, norm: how each of BERT's blocks ends. */
function closeBlock(pass: Pass, name: string, x: tf.Tensor3D, residual: tf.Tensor3D): tf.Tensor3D {
  const { context, options, tensors } = pass;
  const dropped = context.dropout(applyDense(tensors, `${name}.dense`, x), options.dropout);
  return applyNorm(pass, `${name}.LayerNorm`, tf.add<tf.Tensor3D>(dropped, residual));
}

/** `[B, L, H]` → queries, keys and values, each `[B, heads, L, H / heads]`, by one matrix product. */
function project(pass: Pass, layer: string, x: tf.Tensor3D): tf.Tensor4D[] {
  const part = (kind: "weight" | "bias") =>
    tf.concat(
      ["query", "key", "value"].map(
        (name) => pass.tensors[`${layer}.attention.self.${name}.${kind}`]!,
      ),
      0,
    );
  const [batch, length, hidden] = x.shape;
  const { heads } = pass.options;
  const all = linear(x, part("weight") as tf.Tensor2D, part("bias") as tf.Tensor1D);
  const split = tf.reshape(all, [batch, length, 3, heads, hidden / heads]);
  return tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]), 0) as tf.Tensor4D[];
}

/** `softmax(Q·Kᵀ / √d + bias) · V` per head (Vaswani et al. 2017, section 3.2), `[B, L, H]`. */
function attend(pass: Pass, layer: string, x: tf.Tensor3D, bias: tf.Tensor4D): tf.Tensor3D {
  const [query, key, value] = project(pass, layer, x) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const scale = 1 / Math.sqrt(query.shape[3]);
  const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), scale), bias);
  const shares = pass.context.dropout(tf.softmax(scores), pass.options.dropout);
  const mixed = tf.transpose(tf.matMul(shares, value), [0, 2, 1, 3]);
  return tf.reshape(mixed, x.shape);
}

function applyLayer(pass: Pass, layer: string, x: tf.Tensor3D, bias: tf.Tensor4D): tf.Tensor3D {
  const attended = attend(pass, layer, x, bias);
  const first = closeBlock(pass, `${layer}.attention.output`, attended, x);
  const inner = gelu(applyDense(pass.tensors, `${layer}.intermediate.dense`, first));
  return closeBlock(pass, `${layer}.output`, inner, first);
}

/** Token vectors with those of their positions and of the kind of text, as BERT puts them together. */
function embed(pass: Pass, embedded: tf.Tensor3D): tf.Tensor3D {
  const positions = prefixRows(
    pass.tensors["embeddings.position_embeddings.weight"] as tf.Tensor2D,
    embedded.shape[1],
  );
  const kinds = pass.tensors["embeddings.token_type_embeddings.weight"] as tf.Tensor2D;
  const places = tf.add(positions, tf.slice(kinds, [0, 0], [1, kinds.shape[1]]));
  const sum = tf.add<tf.Tensor3D>(embedded, places);
  const normalised = applyNorm(pass, "embeddings.LayerNorm", sum);
  const dropped = pass.context.dropout(normalised, pass.options.dropout);
  const projects = "embeddings_project.weight" in pass.tensors;
  return projects ? applyDense(pass.tensors, "embeddings_project", dropped) : dropped;
}

/**
 * BERT's encoder (Devlin et al. 2019) on the parameters of `bertParameters`.
 *
 * @param inputs - `embedded` `[B, L, D]`, `mask` `[B, L]` (1 = token, 0 = padding).
 * @returns the states after the embeddings and after each layer, `[B, L, H]` each
 */
export function bertStates(
  tensors: Tensors,
  { embedded, mask }: { embedded: tf.Tensor3D; mask: tf.Tensor2D },
  context: ProgramContext,
  options: BertOptions,
): tf.Tensor3D[] {
  const pass: Pass = { tensors, context, options };
  const [batch, length] = mask.shape;
  const bias = tf.reshape<tf.Rank.R4>(tf.mul(tf.sub(mask, 1), NEVER), [batch, 1, 1, length]);
  const states = [embed(pass, embedded)];
  for (let layer = 0; layer < options.layers; layer += 1) {
    states.push(applyLayer(pass, `encoder.layer.${layer}`, states.at(-1)!, bias));
  }
  return states;
}

/** Mean of the states of a text's tokens: `[B, L, H]` and `[B, L]` → `[B, H]`. */
export function meanOverTokens(states: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor2D {
  const sum = tf.sum(tf.mul(states, tf.expandDims(mask, 2)), 1);
  return tf.div<tf.Tensor2D>(sum, tf.sum(mask, 1, true));
}

/**
 * The state of each text's first token: `[B, L, H]` → `[B, H]`. A sum in which only the first place counts, since the
 * gradient of a slice would pad by L - 1.
 */
export function firstToken(states: tf.Tensor3D): tf.Tensor2D {
  const length = states.shape[1];
  const first = tf.cast(tf.equal(tf.range(0, length), 0), "float32");
  return tf.sum(tf.mul(states, tf.reshape(first, [1, length, 1])), 1);
}
