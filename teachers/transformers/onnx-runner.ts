import { InferenceSession, Tensor } from "onnxruntime-node";
import { join } from "node:path";
import { MODEL_FILES } from "./dtypes.ts";
import { ONE_THREAD, type ModelRunner, type ModelToRun } from "./runner.ts";

/** Inputs of encoders; the last may be left out by whoever calls, and is all 0 then. */
const KNOWN = ["input_ids", "attention_mask", "token_type_ids"];

/**
 * A model's file on ONNX Runtime.
 *
 * @returns null for a model that wants other inputs than an encoder's
 */
export async function openOnnxRunner({
  folder,
  dtype,
}: Pick<ModelToRun, "folder" | "dtype">): Promise<ModelRunner | null> {
  const path = join(folder, "onnx", MODEL_FILES[dtype]);
  // By its path: read into memory first, the file would be there twice.
  const session = await InferenceSession.create(path, { ...ONE_THREAD, logSeverityLevel: 3 });
  if (session.inputNames.some((name) => !KNOWN.includes(name))) {
    await session.release();
    return null;
  }
  return {
    outputs: session.outputNames,
    run(inputs, shape) {
      const cells = shape.reduce((size, length) => size * length, 1);
      const feeds = session.inputNames.map((name) => {
        const values = inputs[name] ?? new BigInt64Array(cells);
        return [name, new Tensor("int64", values, shape)] as const;
      });
      return session.run(Object.fromEntries(feeds));
    },
    close: () => session.release(),
  };
}
