import type { ModelDtype } from "./dtypes.ts";

export interface ModelToRun {
  folder: string;
  dtype: ModelDtype;
  /** What it is loaded as: transformers.js names some models' files and outputs by it. */
  task: "features" | "classification";
}

/** What of a tensor is read. */
export interface OutputTensor {
  type: string;
  dims: readonly number[];
  data: unknown;
}

/** Inputs of a forward pass by the model's names, all `[B, L]`. */
export type TokenInputs = Readonly<Record<string, BigInt64Array>>;

/** Something that runs a model's file. */
export interface ModelRunner {
  /** Names of the outputs that the file has. */
  readonly outputs: readonly string[];
  run(
    inputs: TokenInputs,
    shape: readonly number[],
  ): Promise<Record<string, OutputTensor | undefined>>;
  close(): Promise<void>;
}

/** One thread, which does not spin while it waits: other sessions share the cores. */
export const ONE_THREAD = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
};
