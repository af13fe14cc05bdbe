import { z } from "zod";
import { gelu, layerNorm, linear, prefixRows, tf } from "../src/engine/index.ts";
import type { Initializer, ParameterSpec, ProgramContext, Tensors } from "../src/engine/index.ts";
import { LimbeckError } from "../src/errors.ts";
import type { Student, StudentSizes } from "../src/types.ts";

const options = z.strictObject({
  layers: z.int().min(1).default(2).describe("encoder layers"),
  heads: z.int().min(1).default(2).describe("attention heads; must divide hidden"),
  hidden: z
    .int()
    .min(1)
    .optional()
    .describe("width of the encoder; that of the token vectors where not given"),
  intermediate: z
    .int()
    .min(1)
    .optional()
    .describe("width inside the feed-forward blocks; four times hidden where not given"),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe("share of elements that a training step zeroes, in the places where BERT does"),
});

type TransformerOptions = z.output<typeof options>;

/** BERT's. */
const EPSILON = 1e-12;
const DEVIATION = 0.02;
/** Two kinds of text, as in BERT, so that its weights load; all texts here are of the first. */
const TEXT_KINDS = 2;
/** Added to the scores of padding: softmax makes it exactly 0. */
const NEVER = 1e9;

const normal: Initializer = { kind: "normal", deviation: DEVIATION };

interface Widths {
  hidden: number;
  intermediate: number;
}

/** @throws LimbeckError `E_RECIPE` if the heads do not divide the width. */
function widthsOf(
  { heads, hidden, intermediate }: TransformerOptions,
  sizes: StudentSizes,
): Widths {
  const width = hidden ?? sizes.embedding;
  if (width % heads !== 0) {
    throw new LimbeckError(
      "E_RECIPE",
      `Expected heads to divide the hidden width ${width}, got ${heads}. Choose heads out of its divisors.`,
    );
  }
  return { hidden: width, intermediate: intermediate ?? 4 * width };
}

function dense(name: string, outputs: number, inputs: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], initializer: normal },
    { name: `${name}.bias`, shape: [outputs], initializer: { kind: "zeros" } },
  ];
}

function norm(name: string, size: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [size], initializer: { kind: "ones" } },
    { name: `${name}.bias`, shape: [size], initializer: { kind: "zeros" } },
  ];
}

function layerParameters(layer: string, { hidden, intermediate }: Widths): ParameterSpec[] {
  return [
    ...["query", "key", "value"].flatMap((name) =>
      dense(`${layer}.attention.self.${name}`, hidden, hidden),
    ),
    ...dense(`${layer}.attention.output.dense`, hidden, hidden),
    ...norm(`${layer}.attention.output.LayerNorm`, hidden),
    ...dense(`${layer}.intermediate.dense`, intermediate, hidden),
    ...dense(`${layer}.output.dense`, hidden, intermediate),
    ...norm(`${layer}.output.LayerNorm`, hidden),
  ];
}

function parameters(chosen: TransformerOptions, sizes: StudentSizes): ParameterSpec[] {
  const widths = widthsOf(chosen, sizes);
  const { embedding, maxLength, classes } = sizes;
  const table = (name: string, rows: number): ParameterSpec => ({
    name: `embeddings.${name}.weight`,
    shape: [rows, embedding],
    initializer: normal,
  });
  return [
    table("position_embeddings", maxLength),
    table("token_type_embeddings", TEXT_KINDS),
    ...norm("embeddings.LayerNorm", embedding),
    ...(widths.hidden === embedding ? [] : dense("embeddings_project", widths.hidden, embedding)),
    ...Array.from({ length: chosen.layers }, (_, layer) =>
      layerParameters(`encoder.layer.${layer}`, widths),
    ).flat(),
    ...dense("classifier", classes, widths.hidden),
  ];
}

/** What the parts of one forward pass share. */
interface Pass {
  tensors: Tensors;
  context: ProgramContext;
  options: TransformerOptions;
}

function applyDense<T extends tf.Tensor>({ tensors }: Pass, name: string, x: T): T {
  const weight = tensors[`${name}.weight`] as tf.Tensor2D;
  return linear(x, weight, tensors[`${name}.bias`] as tf.Tensor1D);
}

function applyNorm<T extends tf.Tensor>({ tensors }: Pass, name: string, x: T): T {
  return layerNorm(x, tensors[`${name}.weight`]!, tensors[`${name}.bias`]!, EPSILON);
}

/** Dropout, residual, norm: how each of BERT's blocks ends. */
function closeBlock(pass: Pass, name: string, x: tf.Tensor3D, residual: tf.Tensor3D): tf.Tensor3D {
  const { context, options } = pass;
  const dropped = context.dropout(applyDense(pass, `${name}.dense`, x), options.dropout);
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
  const inner = gelu(applyDense(pass, `${layer}.intermediate.dense`, first));
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
  return projects ? applyDense(pass, "embeddings_project", dropped) : dropped;
}

/**
 * BERT's encoder (Devlin et al. 2019) under Hugging Face's names and in its layout, mean pooling over the tokens, and
 * a linear classifier. Where `hidden` is not the width of the token vectors, they are projected as in ELECTRA.
 */
export const student: Student<TransformerOptions> = {
  options,
  summary: "small BERT: loads its weights by name, sees whole texts at once",
  output: "classes",
  parameters,
  forward(tensors, { embedded, mask }, context, chosen) {
    const pass: Pass = { tensors, context, options: chosen };
    const [batch, length] = mask.shape;
    const bias = tf.reshape<tf.Rank.R4>(tf.mul(tf.sub(mask, 1), NEVER), [batch, 1, 1, length]);
    const hidden = [embed(pass, embedded)];
    for (let layer = 0; layer < chosen.layers; layer += 1) {
      hidden.push(applyLayer(pass, `encoder.layer.${layer}`, hidden.at(-1)!, bias));
    }
    const last = hidden.at(-1)!;
    const sum = tf.sum(tf.mul(last, tf.expandDims(mask, 2)), 1);
    const pooled = tf.div<tf.Tensor2D>(sum, tf.sum(mask, 1, true));
    const output = applyDense(pass, "classifier", context.dropout(pooled, chosen.dropout));
    return { output, hidden };
  },
};
