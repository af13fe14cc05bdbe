import { decodeSafetensors, encodeSafetensors } from "../../src/engine/safetensors.ts";
import { LimbeckError } from "../../src/errors.ts";
import type { Classifier } from "../../src/math/softmax-regression/loss.ts";

/** Name of the head's file beside the labels. */
export const HEAD_FILE = "head.safetensors";

/** A head as a safetensors file, in scikit-learn's names and shapes: `coef` `[C, D]`, `intercept` `[C]`. */
export function encodeHead({ weights, bias }: Classifier): Uint8Array {
  const classes = bias.length;
  const features = weights.length / classes;
  const coefficients = new Float32Array(weights.length);
  for (let feature = 0; feature < features; feature += 1) {
    for (let label = 0; label < classes; label += 1) {
      coefficients[label * features + feature] = weights[feature * classes + label]!;
    }
  }
  return encodeSafetensors({
    coef: { shape: [classes, features], data: coefficients },
    intercept: { shape: [classes], data: bias },
  });
}

/**
 * The inverse of what a label store keeps as `head.safetensors`.
 *
 * @throws LimbeckError `E_TEACHER` when the file holds no head for vectors of this size.
 */
export function decodeHead(bytes: Uint8Array, path: string, size: number): Classifier {
  const { tensors } = decodeSafetensors(bytes, path);
  const { coef, intercept } = tensors;
  const classes = intercept?.data.length ?? 0;
  if (coef === undefined || intercept === undefined || coef.shape.join() !== `${classes},${size}`) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected a head for vectors of ${size} numbers in ${path}, got ${coef === undefined ? "none" : `one of shape [${coef.shape.join(", ")}]`}. ` +
        "Label the texts again: limbeck run RECIPE --from label.",
    );
  }
  const weights = new Float32Array(coef.data.length);
  for (let label = 0; label < classes; label += 1) {
    for (let feature = 0; feature < size; feature += 1) {
      weights[feature * classes + label] = coef.data[label * size + feature]!;
    }
  }
  return { weights, bias: intercept.data };
}
