import { EngineError } from "../errors.ts";
import { tf } from "../tfjs.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import type { DataType } from "../types.ts";
import { binary, number, select } from "./elementwise.ts";
import { kernel } from "./kernel.ts";
import type { KernelTable } from "./kernel.ts";

/** `[…, depth]`: `on` where the last axis equals the index. CPU has no `OneHot` of int32 into float32. */
function oneHot(
  tracer: Tracer,
  indices: Value,
  depth: number,
  { on, off, type }: { on: number; off: number; type: DataType },
): Value {
  const column = tracer.reshape(indices, [...indices.shape, 1]);
  const classes = tracer.constant(
    Array.from({ length: depth }, (_, index) => index),
    [depth],
    indices.type,
  );
  const hit = binary(tracer, "Equal", column, classes, "bool");
  if (on === 1 && off === 0) return tracer.cast(hit, type);
  const like = tracer.uniform(0, [], type);
  return select(tracer, hit, number(tracer, on, like), number(tracer, off, like));
}

/**
 * Sums the rows of `x` that share an index. `ScatterElements` with repeated indices adds them all up in order;
 * `ScatterND` loses updates in ONNX Runtime on the CPU.
 */
function segmentSum(tracer: Tracer, x: Value, indices: Value, count: number): Value {
  const shape = [count, ...x.shape.slice(1)];
  const zeros = tracer.name(tracer.uniform(0, shape, x.type));
  const column = tracer.reshape(indices, [indices.shape[0]!, ...x.shape.slice(1).map(() => 1)]);
  const spread = tracer.name(tracer.relabel(column, x.shape));
  return tracer.emit("ScatterElements", [zeros, spread, tracer.name(x)], shape, {
    type: x.type,
    attributes: { axis: 0, reduction: "add" },
  });
}

interface OneHotAttributes {
  depth: number;
  onValue: number;
  offValue: number;
  dtype?: DataType;
}

export const gatheringKernels: KernelTable = {
  GatherV2: kernel<"x" | "indices", { axis: number; batchDims: number }>(
    (tracer, { x, indices }, { axis, batchDims }) => {
      if (batchDims !== 0) {
        throw new EngineError(
          "E_UNSUPPORTED_OP",
          `Expected tf.gather with batchDims 0, got ${batchDims}. Flatten the batch and add row offsets to the indices.`,
        );
      }
      const position = tf.util.parseAxisParam(axis, [...x.shape])[0]!;
      const shape = [
        ...x.shape.slice(0, position),
        ...indices.shape,
        ...x.shape.slice(position + 1),
      ];
      const inputs = [tracer.name(x), tracer.name(indices)];
      return tracer.emit("Gather", inputs, shape, {
        type: x.type,
        attributes: { axis: position },
      });
    },
  ),
  OneHot: kernel<"indices", OneHotAttributes>((tracer, { indices }, attributes) =>
    oneHot(tracer, indices, attributes.depth, {
      on: attributes.onValue,
      off: attributes.offValue,
      type: attributes.dtype ?? "float32",
    }),
  ),
  UnsortedSegmentSum: kernel<"x" | "segmentIds", { numSegments: number }>(
    (tracer, { x, segmentIds }, { numSegments }) => segmentSum(tracer, x, segmentIds, numSegments),
  ),
};
