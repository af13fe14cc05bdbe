import { AutoModel, env, Tensor, type PreTrainedModel } from "@huggingface/transformers";
import { messageOf } from "../../src/errors.ts";
import { teacherError } from "./model-folder.ts";
import type { ModelDtype } from "./dtypes.ts";

export interface SessionOptions {
  folder: string;
  dtype: ModelDtype;
  /** Width of the vectors, D. */
  size: number;
  normalize: boolean;
}

/** Token ids of some texts, one after the other, and how many each text has. */
export interface TokenBlock {
  ids: Int32Array;
  lengths: Int32Array;
}

const ONE_THREAD = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
};

/** A model on one thread that turns texts into vectors. */
export class EncoderSession {
  private readonly model: PreTrainedModel;
  private readonly options: SessionOptions;

  private constructor(model: PreTrainedModel, options: SessionOptions) {
    this.model = model;
    this.options = options;
  }

  /** @throws LimbeckError `E_TEACHER` when ONNX Runtime cannot load the model. */
  static async load(options: SessionOptions): Promise<EncoderSession> {
    env.allowRemoteModels = false;
    const { folder, dtype } = options;
    try {
      const model = await AutoModel.from_pretrained(folder, {
        local_files_only: true,
        dtype,
        device: "cpu",
        session_options: ONE_THREAD,
      });
      return new EncoderSession(model, options);
    } catch (thrown) {
      throw teacherError(folder, "an ONNX model that loads", messageOf(thrown), thrown);
    }
  }

  /**
   * Vectors of texts, `batch` at a time in the order given.
   *
   * @returns `[texts, D]`
   * @throws LimbeckError `E_TEACHER` when the model's output is not `[B, L, D]`.
   */
  async encode(block: TokenBlock, batch: number): Promise<Float32Array<ArrayBuffer>> {
    const { lengths } = block;
    const vectors = new Float32Array(lengths.length * this.options.size);
    let offset = 0;
    for (let first = 0; first < lengths.length; first += batch) {
      const group = lengths.subarray(first, first + batch);
      const tokens = group.reduce((sum, length) => sum + length, 0);
      const hidden = await this.run(block.ids.subarray(offset, offset + tokens), group);
      this.pool(hidden, group, vectors.subarray(first * this.options.size));
      offset += tokens;
    }
    return vectors;
  }

  async close(): Promise<void> {
    await this.model.dispose();
  }

  /** One forward pass over texts padded to the longest: `[B, L, D]`. */
  private async run(ids: Int32Array, lengths: Int32Array): Promise<Float32Array> {
    const length = Math.max(...lengths);
    const shape = [lengths.length, length];
    const inputs = new BigInt64Array(lengths.length * length);
    const mask = new BigInt64Array(lengths.length * length);
    let offset = 0;
    lengths.forEach((own, row) => {
      for (let position = 0; position < own; position += 1) {
        inputs[row * length + position] = BigInt(ids[offset + position]!);
        mask[row * length + position] = 1n;
      }
      offset += own;
    });
    const outputs = (await this.model({
      input_ids: new Tensor("int64", inputs, shape),
      attention_mask: new Tensor("int64", mask, shape),
    })) as Record<string, Tensor>;
    return this.requireHidden(outputs, [...shape, this.options.size]);
  }

  private requireHidden(outputs: Record<string, Tensor>, shape: readonly number[]): Float32Array {
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

  /**
   * Mean over a text's tokens, then the length of the vector to 1. Sums in float64 and in the order of the tokens, so
   * that padding and neighbours change no bit.
   */
  private pool(hidden: Float32Array, lengths: Int32Array, into: Float32Array): void {
    const { size, normalize } = this.options;
    const length = hidden.length / size / lengths.length;
    const sum = new Float64Array(size);
    lengths.forEach((own, row) => {
      sum.fill(0);
      for (let position = 0; position < own; position += 1) {
        const from = (row * length + position) * size;
        for (let column = 0; column < size; column += 1) sum[column]! += hidden[from + column]!;
      }
      const divisor = normalize
        ? Math.sqrt(sum.reduce((total, value) => total + value * value, 0))
        : own;
      for (let column = 0; column < size; column += 1) {
        into[row * size + column] = divisor === 0 ? 0 : sum[column]! / divisor;
      }
    });
  }
}
