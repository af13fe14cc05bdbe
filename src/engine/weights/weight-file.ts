import type { NamedArray } from "../types.ts";

/** Tensors of a file, read one at a time, so that no more than the file's own size is held beside them. */
export interface WeightFile {
  /** The shapes that `read` gives, by name, in the file's order. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /**
   * A tensor of `shapes` as float32, in an array of its own.
   *
   * @throws EngineError `E_FILE` naming the tensor, if its data is damaged or of another type.
   */
  read(name: string): Promise<NamedArray>;
  close(): Promise<void>;
}
