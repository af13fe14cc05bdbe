import type { ModelDtype } from "../transformers/dtypes.ts";
import { onnxFiles } from "../transformers/hub/wanted-files.ts";
import { resolveModel } from "../transformers/hub/resolve-model.ts";
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
  /** SHA-256 by file. */
  files: Record<string, string>;
}

/** An encoder whose files are there. */
export interface FoundEncoder {
  folder: ModelFolder;
  options: EncoderOptions;
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
  const { model, dtype, download, maxLength, prefix } = options;
  const { path, source } = await resolveModel({ model, place, files: onnxFiles(dtype), download });
  const folder = await openModelFolder(path, dtype);
  const { pooling, normalize } = await resolvePooler(path, options);
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
    files: folder.hashes,
  };
  return { folder, options, description };
}
