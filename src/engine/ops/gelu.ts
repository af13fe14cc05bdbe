import { tf } from "../tfjs.ts";
import { isTracing } from "../trace/backend.ts";
import { withGradient } from "./with-gradient.ts";

const INVERSE_ROOT_2 = Math.SQRT1_2;
const DENSITY_AT_0 = 1 / Math.sqrt(2 * Math.PI);

/** Φ(x), the standard normal distribution function. */
function normalDistribution<T extends tf.Tensor>(x: T): T {
  return tf.add(tf.mul(tf.erf(tf.mul(x, INVERSE_ROOT_2)), 0.5), 0.5);
}

/**
 * Gaussian error linear unit, `x · Φ(x)` with the exact Φ, of any shape.
 *
 * Hendrycks & Gimpel (2016), section 2. https://arxiv.org/abs/1606.08415
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  if (!isTracing()) return tf.mul(x, normalDistribution(x));
  return withGradient([x], () => {
    const share = normalDistribution(x);
    return {
      value: tf.mul<T>(x, share),
      save: [x, share],
      // d/dx x·Φ(x) = Φ(x) + x·φ(x): Φ is there already.
      gradient: (dy, [input, distribution]) => {
        const density = tf.mul(tf.exp(tf.mul(tf.square(input!), -0.5)), DENSITY_AT_0);
        return [tf.mul(dy, tf.add(distribution!, tf.mul(input!, density)))];
      },
    };
  });
}
