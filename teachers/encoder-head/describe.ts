import type { ModelDtype } from "../transformers/dtypes.ts";
import { onnxFiles } from "../transformers/hub/wanted-files.ts";
import { resolveModel } from "../transformers/hub/resolve-model.ts";
import { dependsOnBatch } from "../transformers/lexicon.ts";
import { openModelFolder, type ModelFolder } from "../transformers/model-folder.ts";
import { resolvePooler, type Pooling } from "../transformers/pooling.ts";
import type { TeacherPlace } from "../../src/types.ts";
import type { EncoderOptions } from "./options.ts";

/** Everything that changes an encoder's vectors; becomes teacher.json of the store that caches them. */
export interface EncoderDescription extends Record<string, unknown> {
  kind: "encoder";
  format: 1;
  size: number;
  maxLength: number;
  dtype: ModelDtype;
  pooling: Pooling;
  normalize: boolean;
  /** Where there is one. */
  prefix?: string;
  /** `org/name@commit` of a model of the hub. */
  source?: string;
  /** Where a text's vector depends on its neighbours: how many it has. */
  plan?: "fixed";
  batch?: number;
  /** SHA-256 by file. */
  files: Record<string, string>;
}

/** An encoder whose files are there. */
export interface FoundEncoder {
  folder: ModelFolder;
  options: EncoderOptions;
  /** Whether a text's vector depends on the texts beside it. */
  fixed: boolean;
  description: EncoderDescription;
}

/**
 * Finds an encoder's files, downloads them where they are not there and that is allowed, and settles what its own files
 * decide.
 *
 * @throws LimbeckError `E_TEACHER` naming what is missing or wrong.
 */
export async function findEncoder(
  options: EncoderOptions,
  place: TeacherPlace,
): Promise<FoundEncoder> {
  const { model, dtype, download, maxLength, prefix, batch } = options;
  const { path, source } = await resolveModel({ model, place, files: onnxFiles(dtype), download });
  const folder = await openModelFolder(path, dtype);
  const { pooling, normalize } = await resolvePooler(path, options);
  const fixed = await dependsOnBatch(folder);
  const description: EncoderDescription = {
    kind: "encoder",
    format: 1,
    size: folder.size,
    maxLength,
    dtype,
    pooling,
    normalize,
    ...(prefix !== "" && { prefix }),
    ...(source !== null && { source }),
    ...(fixed && { plan: "fixed", batch }),
    files: folder.hashes,
  };
  return { folder, options, fixed, description };
}
