import type { Initializer, ParameterSpec } from "../types.ts";

/** Sizes of an encoder. */
export interface BertSizes {
  layers: number;
  /** Width of the token vectors. */
  embedding: number;
  /** Width of the encoder, H; where it is not that of the token vectors, they are projected, as in ELECTRA. */
  hidden: number;
  /** Width inside the feed-forward blocks. */
  intermediate: number;
  /** Longest text in tokens. */
  positions: number;
  /** Kinds of text, of which all texts here are of the first. */
  kinds: number;
}

/** BERT's. */
const DEVIATION = 0.02;

const normal: Initializer = { kind: "normal", deviation: DEVIATION };

/** A linear layer: `<name>.weight` `[outputs, inputs]` and `<name>.bias`, which start as BERT's do. */
export function denseParameters(name: string, outputs: number, inputs: number): ParameterSpec[] {
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

function layerParameters(layer: string, { hidden, intermediate }: BertSizes): ParameterSpec[] {
  return [
    ...["query", "key", "value"].flatMap((name) =>
      denseParameters(`${layer}.attention.self.${name}`, hidden, hidden),
    ),
    ...denseParameters(`${layer}.attention.output.dense`, hidden, hidden),
    ...norm(`${layer}.attention.output.LayerNorm`, hidden),
    ...denseParameters(`${layer}.intermediate.dense`, intermediate, hidden),
    ...denseParameters(`${layer}.output.dense`, hidden, intermediate),
    ...norm(`${layer}.output.LayerNorm`, hidden),
  ];
}

/** Parameters of a BERT encoder under Hugging Face's names, without the table of word vectors, which is the program's. */
export function bertParameters(sizes: BertSizes): ParameterSpec[] {
  const { embedding, hidden, positions, kinds, layers } = sizes;
  const table = (name: string, rows: number): ParameterSpec => ({
    name: `embeddings.${name}.weight`,
    shape: [rows, embedding],
    initializer: normal,
  });
  return [
    table("position_embeddings", positions),
    table("token_type_embeddings", kinds),
    ...norm("embeddings.LayerNorm", embedding),
    ...(hidden === embedding ? [] : denseParameters("embeddings_project", hidden, embedding)),
    ...Array.from({ length: layers }, (_, layer) =>
      layerParameters(`encoder.layer.${layer}`, sizes),
    ).flat(),
  ];
}
