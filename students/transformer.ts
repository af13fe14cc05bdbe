import { z } from "zod";
import {
  applyDense,
  bertParameters,
  bertStates,
  denseParameters,
  meanOverTokens,
} from "../src/engine/index.ts";
import type { ParameterSpec } from "../src/engine/index.ts";
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
/** Two kinds of text, as in BERT, so that its weights load; all texts here are of the first. */
const TEXT_KINDS = 2;

/** @throws LimbeckError `E_RECIPE` if the heads do not divide the width. */
function widthsOf(
  { heads, hidden, intermediate }: TransformerOptions,
  sizes: StudentSizes,
): { hidden: number; intermediate: number } {
  const width = hidden ?? sizes.embedding;
  if (width % heads !== 0) {
    throw new LimbeckError(
      "E_RECIPE",
      `Expected heads to divide the hidden width ${width}, got ${heads}. Choose heads out of its divisors.`,
    );
  }
  return { hidden: width, intermediate: intermediate ?? 4 * width };
}

function parameters(chosen: TransformerOptions, sizes: StudentSizes): ParameterSpec[] {
  const widths = widthsOf(chosen, sizes);
  const { embedding, maxLength, classes } = sizes;
  const { layers } = chosen;
  return [
    ...bertParameters({ layers, embedding, ...widths, positions: maxLength, kinds: TEXT_KINDS }),
    ...denseParameters("classifier", classes, widths.hidden),
  ];
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
  forward(tensors, inputs, context, chosen) {
    const { layers, heads, dropout } = chosen;
    const bert = { layers, heads, dropout, epsilon: EPSILON };
    const hidden = bertStates(tensors, inputs, context, bert);
    const pooled = meanOverTokens(hidden.at(-1)!, inputs.mask);
    return { output: applyDense(tensors, "classifier", context.dropout(pooled, dropout)), hidden };
  },
};
