import { Tensor } from "onnxruntime-node";
import { EngineError } from "../errors.ts";
import type { Batch, EmbeddingSpec, OptimizerOptions } from "../types.ts";
import { deviceNames } from "./gpu-names.ts";
import type { Feeds } from "./gpu-session.ts";

/** The rows that batches name, in the order of their first token, and each token's place among them. */
export interface DistinctRows {
  rows: Int32Array;
  /** By batch. */
  places: Int32Array[];
}

/**
 * @throws EngineError `E_SHAPE` if a batch's tokens are not as many as it says, `E_TOKEN` if one is not a row.
 */
export function distinctRows(batches: readonly Batch[], table: EmbeddingSpec): DistinctRows {
  const found = new Map<number, number>();
  const places = batches.map(({ batch, length, tokens }) => {
    if (tokens?.length !== batch * length) {
      throw new EngineError(
        "E_SHAPE",
        `Expected tokens [${batch}, ${length}], ${batch * length} elements, got ${tokens ? tokens.length : "none"}.`,
      );
    }
    return tokens.map((row, index) => {
      if (row < 0 || row >= table.rows) throw unknownToken(table, row, index);
      const place = found.get(row) ?? found.size;
      found.set(row, place);
      return place;
    });
  });
  return { rows: Int32Array.from(found.keys()), places };
}

function unknownToken({ rows }: EmbeddingSpec, row: number, index: number): EngineError {
  return new EngineError(
    "E_TOKEN",
    `Expected tokens from 0 to ${rows - 1}, got ${row} at place ${index}. Use the tokenizer that the table was made for.`,
  );
}

export function rowFeeds({ rows }: DistinctRows): Feeds {
  return { [deviceNames.rows]: new Tensor("int32", rows, [rows.length]) };
}

/** The rows of one of the batches. */
export function tokenFeeds(distinct: DistinctRows, index: number, batch: Batch): Feeds {
  const places = distinct.places[index]!;
  return {
    ...rowFeeds(distinct),
    [deviceNames.places]: new Tensor("int32", places, [batch.batch, batch.length]),
  };
}

/** What the optimizer reads besides tensors; see `StepScalars`. */
export function scalarFeeds(
  optimizer: OptimizerOptions,
  { learningRate, step }: { learningRate: number; step: number },
): Feeds {
  const { beta1, beta2 } = optimizer.kind === "adamw" ? optimizer : { beta1: 0, beta2: 0 };
  return {
    [deviceNames.learningRate]: scalar(learningRate),
    [deviceNames.firstCorrection]: scalar(1 - beta1 ** step),
    [deviceNames.secondCorrection]: scalar(Math.sqrt(1 - beta2 ** step)),
  };
}

export function scalar(value: number): Tensor {
  return new Tensor("float32", Float32Array.of(value), []);
}
