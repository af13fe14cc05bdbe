import { tf } from "../tfjs.ts";

type GradientFunction = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attributes: Record<string, unknown>,
) => Record<string, () => tf.Tensor>;

function withOnes(x: tf.Tensor, axes: readonly number[]): number[] {
  return x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function axesOf(x: tf.Tensor, { axis }: Record<string, unknown>): number[] {
  return tf.util.parseAxisParam(axis as number | number[], x.shape);
}

/** `dy` spread over the axes that a reduction took away. `fill` is lazy in a trace: nothing is copied. */
function spread(dy: tf.Tensor, x: tf.Tensor, axes: readonly number[]): tf.Tensor {
  return tf.mul(tf.reshape(dy, withOnes(x, axes)), tf.fill(x.shape, 1));
}

const sum: GradientFunction = (dy, [x], attributes) => ({
  x: () => spread(dy, x!, axesOf(x!, attributes)),
});

const mean: GradientFunction = (dy, [x], attributes) => {
  const axes = axesOf(x!, attributes);
  // One division per axis: each size may be free, and a product of large ones is no exact float32.
  const share = () =>
    axes.reduce((scaled, axis) => tf.div(scaled, x!.shape[axis]!), tf.onesLike(dy));
  return { x: () => spread(tf.mul(dy, share()), x!, axes) };
};

/** Sums over the copies, where tfjs adds up one slice per copy. */
const tile: GradientFunction = (dy, [x], attributes) => {
  const repeats = attributes["reps"] as number[];
  const shape = x!.shape.flatMap((size, axis) => [repeats[axis]!, size]);
  const copies = x!.shape.map((_size, axis) => 2 * axis);
  return { x: () => tf.reshape(tf.sum(tf.reshape(dy, shape), copies), x!.shape) };
};

/** tfjs hands over the gradient itself, not a list, where there is one output, and then fails on it. */
function listOf(dys: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
  return Array.isArray(dys) ? dys : [dys];
}

const unpack: GradientFunction = (dys, _saved, attributes) => ({
  value: () => tf.stack(listOf(dys), attributes["axis"] as number),
});

const splitV: GradientFunction = (dys, _saved, attributes) => ({
  x: () => tf.concat(listOf(dys), attributes["axis"] as number),
});

const oneHot: GradientFunction = (_dy, [indices]) => ({
  indices: () => tf.fill(indices!.shape, 0),
});

const OVERRIDES: Readonly<Record<string, GradientFunction>> = {
  Sum: sum,
  Mean: mean,
  Tile: tile,
  OneHot: oneHot,
  Unpack: unpack,
  SplitV: splitV,
};

/**
 * Replaces the gradients of tfjs that make a tensor of full size in JavaScript, which a free size cannot be, and those
 * that are wrong for one output.
 *
 * @returns a function that puts tfjs's own back.
 */
export function overrideGradients(): () => void {
  const originals = Object.keys(OVERRIDES).map((name) => tf.getGradient(name));
  for (const original of originals) {
    const gradFunc = OVERRIDES[original.kernelName] as unknown as tf.GradFunc;
    tf.registerGradient({ ...original, gradFunc });
  }
  return () => {
    for (const original of originals) tf.registerGradient(original);
  };
}
