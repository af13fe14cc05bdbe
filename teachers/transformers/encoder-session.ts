import type { ModelDtype } from "./dtypes.ts";
import { teacherError } from "./model-folder.ts";
import { poolTokens, type Pooler } from "./pooling.ts";
import type { TokenBlock } from "./pack.ts";
import { RunningModel } from "./running-model.ts";
import type { OutputTensor } from "./runner.ts";

export interface SessionOptions extends Pooler {
  output?: "vectors";
  folder: string;
  dtype: ModelDtype;
  /** Width of the vectors, D. */
  size: number;
  /** Whether batches are cut by texts alone: a model whose answers depend on them. Default false. */
  fixed?: boolean;
}

/** A model on one thread that turns texts into vectors. */
export class EncoderSession {
  private readonly model: RunningModel;
  private readonly options: SessionOptions;

  private constructor(model: RunningModel, options: SessionOptions) {
    this.model = model;
    this.options = options;
  }

  /** @throws LimbeckError `E_TEACHER` when ONNX Runtime cannot load the model. */
  static async load(options: SessionOptions): Promise<EncoderSession> {
    const { folder, dtype, fixed } = options;
    return new EncoderSession(
      await RunningModel.load({ folder, dtype, task: "features" }, fixed),
      options,
    );
  }

  /**
   * Vectors of texts, at most `batch` at a time in the order given.
   *
   * @returns `[texts, D]`
   * @throws LimbeckError `E_TEACHER` when the model's output is not `[B, L, D]`.
   */
  async encode(block: TokenBlock, batch: number): Promise<Float32Array<ArrayBuffer>> {
    const { lengths } = block;
    const vectors = new Float32Array(lengths.length * this.options.size);
    for (const part of this.model.batches(block, batch)) {
      const hidden = await this.run(part);
      poolTokens(
        hidden,
        part.lengths,
        this.options,
        vectors.subarray(part.first * this.options.size),
      );
    }
    return vectors;
  }

  close(): Promise<void> {
    return this.model.close();
  }

  /** One forward pass over texts padded to the longest: `[B, L, D]`. */
  private async run(part: TokenBlock): Promise<Float32Array> {
    const { lengths } = part;
    const shape = [lengths.length, Math.max(...lengths), this.options.size];
    return this.requireHidden(await this.model.run(part), shape);
  }

  private requireHidden(
    outputs: Record<string, OutputTensor | undefined>,
    shape: readonly number[],
  ): Float32Array {
    const hidden = outputs["last_hidden_state"] ?? outputs["token_embeddings"];
    const { folder } = this.options;
    if (hidden === undefined) {
      throw teacherError(
        folder,
        "a model with the output last_hidden_state",
        Object.keys(outputs).join(", "),
      );
    }
    if (hidden.dims.join() !== shape.join() || !(hidden.data instanceof Float32Array)) {
      const got = `${hidden.type} [${hidden.dims.join(", ")}]`;
      throw teacherError(
        folder,
        `an output of float32 [${shape.join(", ")}], as config.json says`,
        got,
      );
    }
    return hidden.data;
  }
}
