import type { Tensor } from "onnxruntime-node";
import { EngineError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { toRuntime } from "../runtime/tensors.ts";
import type { Batch, Dimension, Program } from "../types.ts";
import { names } from "../runtime/names.ts";
import { sizeOf } from "../shape.ts";

/** Which of the program's inputs a graph reads. */
export function usedInputs(graph: Graph, program: Program): string[] {
  const used = new Set(graph.inputs.map((input) => input.name));
  return Object.keys(program.inputs).filter((name) => used.has(names.input(name)));
}

/** @throws EngineError `E_SHAPE` without texts or tokens: ONNX Runtime's LSTM ends the process on a batch of none. */
export function checkTexts({ batch, length }: Batch): void {
  if (batch >= 1 && length >= 1) return;
  throw new EngineError(
    "E_SHAPE",
    `Expected a batch of at least one text of at least one token, got ${batch} of ${length}. Leave empty batches out.`,
  );
}

/**
 * The batch's inputs as tensors, without a copy.
 *
 * @throws EngineError `E_SHAPE` if the batch is empty, or naming an input that is missing, of another type, or not as
 * large as the batch says.
 */
export function feedInputs(
  program: Pick<Program, "inputs">,
  used: readonly string[],
  batch: Batch,
): Record<string, Tensor> {
  checkTexts(batch);
  const feeds: Record<string, Tensor> = {};
  for (const name of used) {
    const { shape, dtype } = program.inputs[name]!;
    const sizes = shape.map((dimension) => actualSize(dimension, batch));
    const count = sizeOf(sizes);
    const data = batch.inputs[name];
    const right = dtype === "float32" ? data instanceof Float32Array : data instanceof Int32Array;
    if (!data || !right || data.length !== count) {
      const got = data ? `${data.constructor.name} of ${data.length}` : "none";
      throw new EngineError(
        "E_SHAPE",
        `Expected input ${name} as ${dtype} [${sizes.join(", ")}], ${count} elements, got ${got}.`,
      );
    }
    feeds[names.input(name)] = toRuntime({ data, shape: sizes }, dtype);
  }
  return feeds;
}

function actualSize(dimension: Dimension, { batch, length }: Batch): number {
  if (dimension === "B") return batch;
  return dimension === "L" ? length : dimension;
}
