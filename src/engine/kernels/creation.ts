import type { DataType } from "../types.ts";
import { isFree } from "../graph/symbols.ts";
import { EngineError } from "../errors.ts";
import { kernel } from "./kernel.ts";
import type { KernelTable } from "./kernel.ts";

interface FillAttributes {
  shape: number[];
  value: number;
  dtype?: DataType;
}

interface RangeAttributes {
  start: number;
  stop: number;
  step: number;
  dtype?: DataType;
}

/** Tensors out of nothing, copies and casts. */
export const creationKernels: KernelTable = {
  Identity: kernel<"x">((_tracer, { x }) => x),
  Cast: kernel<"x", { dtype: DataType }>((tracer, { x }, { dtype }) => tracer.cast(x, dtype)),
  ZerosLike: kernel<"x">((tracer, { x }) => tracer.uniform(0, x.shape, x.type)),
  OnesLike: kernel<"x">((tracer, { x }) => tracer.uniform(1, x.shape, x.type)),
  Fill: kernel<never, FillAttributes>((tracer, _inputs, { shape, value, dtype = "float32" }) =>
    tracer.uniform(value, shape, dtype),
  ),
  // 0, 1, … below a free size: positions of tokens, rows of a batch.
  Range: kernel<never, RangeAttributes>((tracer, _inputs, { start, stop, step, dtype }) => {
    const type = dtype ?? "float32";
    if (![start, stop, step].some((size) => isFree(size, tracer.tags))) {
      const count = Math.max(0, Math.ceil((stop - start) / step));
      const values = Array.from({ length: count }, (_, index) => start + index * step);
      return tracer.constant(values, [count], type);
    }
    if (start !== 0 || step !== 1) {
      throw new EngineError(
        "E_SHAPE",
        "Expected a range over a free size to start at 0 with step 1, got another. Shift and scale tf.range(0, size).",
      );
    }
    const [zero, one] = [0, 1].map((value) => tracer.graph.constant([value], [], "int64"));
    const limit = tracer.operand(tracer.sizeAsNumber(stop, "int64")).name;
    const range = tracer.graph.emit("Range", [zero!, limit, one!]);
    return tracer.cast(tracer.value(range, [stop], "int64"), type);
  }),
};
