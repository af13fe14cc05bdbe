import { writeParquet } from "../formats/parquet.ts";

/** The logits of one system with one seed on every test text. */
export interface SystemPredictions {
  system: string;
  seed: number;
  /** `[N, C]`, row-major, in the order of the ids. */
  logits: Float32Array;
}

/**
 * Writes `predictions.parquet`, one row per text, system and seed: id (16 bytes), system, seed, logits (C little-endian
 * float32). The class names stand in the file's metadata under `labels`, in the order of the logits.
 */
export async function writePredictions(
  path: string,
  ids: readonly string[],
  classes: readonly string[],
  predictions: readonly SystemPredictions[],
): Promise<void> {
  const width = 4 * classes.length;
  const rowIds = Buffer.from(ids.join(""), "hex");
  const logits = predictions.map(({ logits: z }) => littleEndian(z));
  const repeat = <Value>(value: (one: SystemPredictions) => Value): Value[] =>
    predictions.flatMap((one) => Array.from({ length: ids.length }, () => value(one)));
  await writeParquet(
    path,
    [
      { name: "id", type: "FIXED", width: 16, bytes: Buffer.concat(predictions.map(() => rowIds)) },
      { name: "system", type: "STRING", values: repeat((one) => one.system) },
      { name: "seed", type: "INT32", values: repeat((one) => one.seed) },
      { name: "logits", type: "FIXED", width, bytes: Buffer.concat(logits) },
    ],
    { schema: "limbeck.predictions/1", labels: JSON.stringify(classes) },
  );
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true);
  return bytes;
}
