import type { ModelDtype } from "../transformers/dtypes.ts";
import type { ModelFolder } from "../transformers/model-folder.ts";
import type { EncoderHeadOptions } from "./options.ts";

/** Everything that changes an encoder's vectors; becomes teacher.json of the store that caches them. */
export interface EncoderDescription extends Record<string, unknown> {
  kind: "encoder";
  format: 1;
  size: number;
  maxLength: number;
  dtype: ModelDtype;
  pooling: string;
  normalize: boolean;
  /** SHA-256 by file. */
  files: Record<string, string>;
}

/** What a text's vector depends on. */
export function describeEncoder(
  folder: ModelFolder,
  options: EncoderHeadOptions,
): EncoderDescription {
  const { maxLength, dtype, pooling, normalize } = options;
  return {
    kind: "encoder",
    format: 1,
    size: folder.size,
    maxLength,
    dtype,
    pooling,
    normalize,
    files: folder.hashes,
  };
}
