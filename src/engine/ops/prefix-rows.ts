import { tf } from "../tfjs.ts";
import { backend, isTracing, tensorOf, valueOf } from "../trace/backend.ts";
import { withGradient } from "./with-gradient.ts";

/**
 * The first `length` rows of a table, such as the position embeddings of a batch; `length` may be free.
 * At run time it must not exceed the table.
 *
 * @param table - `[M, D]`.
 * @param length - a size taken from a tensor's shape.
 * @returns `[length, D]`.
 */
export function prefixRows(table: tf.Tensor2D, length: number): tf.Tensor2D {
  const [rows, size] = table.shape;
  if (!isTracing()) return tf.slice(table, [0, 0], [length, size]);
  return withGradient([table], () => {
    const { tracer } = backend;
    const range = [tracer.graph.integers([0]), tracer.size(length), tracer.graph.integers([0])];
    const inputs = [tracer.name(valueOf(table)), ...range];
    return {
      value: tensorOf<tf.Rank.R2>(tracer.emit("Slice", inputs, [length, size])),
      gradient: (dy) => [padToRows(dy, rows)],
    };
  });
}

/** Zero rows below, up to `rows`. */
function padToRows(dy: tf.Tensor2D, rows: number): tf.Tensor {
  const { tracer } = backend;
  const [length, size] = dy.shape;
  const { graph } = tracer;
  const missing = graph.emit("Sub", [graph.integers([rows]), tracer.size(length)]);
  const amounts = graph.emit("Concat", [graph.integers([0, 0]), missing, graph.integers([0])], {
    axis: 0,
  });
  return tensorOf(tracer.emit("Pad", [tracer.name(valueOf(dy)), amounts], [rows, size]));
}
