import { LANES, openLaneProducts, type LaneProducts } from "../../engine/index.ts";
import type { Classifier } from "./loss.ts";

/** Logits `x W + b` of vectors `[N, D]`, as `[N, C]`. */
export type ApplyClassifier = (vectors: Float32Array) => Float32Array;

/**
 * Makes a classifier ready for many calls. Logits are summed in float64 in the order of the features, each text's on its
 * own, and rounded to float32: a text's logits are the same bits alone and among others.
 */
export function prepareClassifier({ weights, bias }: Classifier): ApplyClassifier {
  const classes = bias.length;
  const features = weights.length / classes;
  const products = openLaneProducts(classes, features);
  transpose(weights, classes, products.rows);
  return (vectors) => {
    const texts = vectors.length / features;
    const logits = new Float32Array(texts * classes);
    for (let first = 0; first < texts; first += LANES) {
      const group = vectors.subarray(first * features, (first + LANES) * features);
      fillLanes(group, products);
      for (let label = 0; label < classes; label += 1)
        products.sums.fill(bias[label]!, label * LANES, (label + 1) * LANES);
      products.add();
      takeLanes(products, logits.subarray(first * classes, (first + LANES) * classes));
    }
    return logits;
  };
}

/** {@link prepareClassifier} for one call. */
export function applyClassifier(classifier: Classifier, vectors: Float32Array): Float32Array {
  return prepareClassifier(classifier)(vectors);
}

/** `[D, C]` to `[C, D]`. */
function transpose(weights: Float32Array, classes: number, rows: Float64Array): void {
  const features = weights.length / classes;
  for (let feature = 0; feature < features; feature += 1) {
    for (let label = 0; label < classes; label += 1)
      rows[label * features + feature] = weights[feature * classes + label]!;
  }
}

/** Up to eight vectors side by side; lanes without one keep an older one's numbers. */
function fillLanes(vectors: Float32Array, { lanes }: LaneProducts): void {
  const features = lanes.length / LANES;
  for (let lane = 0; lane * features < vectors.length; lane += 1) {
    for (let feature = 0; feature < features; feature += 1)
      lanes[feature * LANES + lane] = vectors[lane * features + feature]!;
  }
}

/** `[C, 8]` to as many rows of `[N, C]` as there are. */
function takeLanes({ sums }: LaneProducts, logits: Float32Array): void {
  const classes = sums.length / LANES;
  for (let lane = 0; lane * classes < logits.length; lane += 1) {
    for (let label = 0; label < classes; label += 1)
      logits[lane * classes + label] = sums[label * LANES + lane]!;
  }
}
