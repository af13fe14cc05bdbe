import { LimbeckError } from "../../src/errors.ts";
import type { ModelDtype } from "./dtypes.ts";
import type { TokenBlock } from "./pack.ts";
import { RunningModel } from "./running-model.ts";
import type { OutputTensor } from "./runner.ts";

export interface LogitsOptions {
  output: "logits";
  folder: string;
  dtype: ModelDtype;
  /** Logits per text, as config.json has it. */
  size: number;
  /** Whether batches are cut by texts alone: a model whose answers depend on them. Default false. */
  fixed?: boolean;
}

/** A classifier on one thread: raw scores of texts, no probabilities. */
export class LogitsSession {
  private readonly model: RunningModel;
  private readonly options: LogitsOptions;

  private constructor(model: RunningModel, options: LogitsOptions) {
    this.model = model;
    this.options = options;
  }

  /** @throws LimbeckError `E_TEACHER` when the model does not load or has no output `logits`. */
  static async load(options: LogitsOptions): Promise<LogitsSession> {
    const { folder, dtype, fixed } = options;
    const model = await RunningModel.load({ folder, dtype, task: "classification" }, fixed);
    const { outputs } = model;
    if (outputs.includes("logits")) return new LogitsSession(model, options);
    await model.close();
    throw classifierError(
      folder,
      "a model with the output logits",
      outputs.join(", "),
      "It is no text classifier; a model that gives vectors serves the teacher encoder-head.",
    );
  }

  /**
   * Logits of texts, at most `batch` at a time in the order given.
   *
   * @returns `[texts, C]`
   * @throws LimbeckError `E_TEACHER` when the model's output is not `[B, C]`.
   */
  async encode(block: TokenBlock, batch: number): Promise<Float32Array<ArrayBuffer>> {
    const { size } = this.options;
    const rows = new Float32Array(block.lengths.length * size);
    for (const part of this.model.batches(block, batch)) {
      const { logits } = await this.model.run(part);
      rows.set(this.requireRows(logits!, part.lengths.length), part.first * size);
    }
    return rows;
  }

  close(): Promise<void> {
    return this.model.close();
  }

  private requireRows({ dims, data, type }: OutputTensor, texts: number): Float32Array {
    const { folder, size } = this.options;
    if (data instanceof Float32Array && dims.join() === `${texts},${size}`) return data;
    const expected = `logits of float32 [${texts}, ${size}], one row per text as config.json says`;
    const got = `${type} [${dims.join(", ")}]`;
    if (dims.length === 3) {
      throw classifierError(
        folder,
        expected,
        `${got}: a row per token`,
        "It classifies words, and the task is one class for each text: use a sequence classification model.",
      );
    }
    throw classifierError(folder, expected, got, "Choose a file that fits its config.json.");
  }
}

/** Says what a model is not, and what would do instead. */
export function classifierError(
  folder: string,
  expected: string,
  got: string,
  fix: string,
): LimbeckError {
  return new LimbeckError("E_TEACHER", `Expected ${expected} in ${folder}, got ${got}. ${fix}`);
}
