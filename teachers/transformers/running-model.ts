import {
  AutoModel,
  AutoModelForSequenceClassification,
  env,
  Tensor,
  type PreTrainedModel,
} from "@huggingface/transformers";
import { messageOf } from "../../src/errors.ts";
import type { ModelDtype } from "./dtypes.ts";
import { teacherError } from "./model-folder.ts";

/** Token ids of some texts, one after the other, and how many each text has. */
export interface TokenBlock {
  ids: Int32Array;
  lengths: Int32Array;
  /** Token types, one per id: 0 in the first text of a pair, 1 in the second. Default: all 0. */
  types?: Int32Array;
}

export interface ModelToRun {
  folder: string;
  dtype: ModelDtype;
  /** What it is loaded as: transformers.js names some models' files and outputs by it. */
  task: "features" | "classification";
}

const ONE_THREAD = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
};

const LOADERS = { features: AutoModel, classification: AutoModelForSequenceClassification };

/** A part of a block, for one forward pass. */
interface Batch extends TokenBlock {
  /** Row of its first text in the block. */
  first: number;
}

/** A model on one thread, fed with padded batches. */
export class RunningModel {
  private readonly model: PreTrainedModel;
  /** What fills a short row: models that look for the last token that is no padding need their own. */
  private readonly padding: bigint;

  private constructor(model: PreTrainedModel) {
    this.model = model;
    const { pad_token_id: id } = model.config as { pad_token_id?: unknown };
    this.padding = typeof id === "number" && id >= 0 ? BigInt(id) : 0n;
  }

  /** @throws LimbeckError `E_TEACHER` when ONNX Runtime cannot load the model. */
  static async load({ folder, dtype, task }: ModelToRun): Promise<RunningModel> {
    env.allowRemoteModels = false;
    try {
      const model = await LOADERS[task].from_pretrained(folder, {
        local_files_only: true,
        dtype,
        device: "cpu",
        session_options: ONE_THREAD,
      });
      return new RunningModel(model);
    } catch (thrown) {
      throw teacherError(folder, "an ONNX model that loads", messageOf(thrown), thrown);
    }
  }

  /** Names of the outputs that the model's file has. */
  get outputs(): readonly string[] {
    const sessions = this.model.sessions as Record<string, { outputNames: readonly string[] }>;
    return sessions["model"]?.outputNames ?? [];
  }

  /** Cuts a block into batches of at most `size` texts, in the order given. */
  static *batches(block: TokenBlock, size: number): Generator<Batch> {
    let offset = 0;
    for (let first = 0; first < block.lengths.length; first += size) {
      const lengths = block.lengths.subarray(first, first + size);
      const end = offset + lengths.reduce((sum, length) => sum + length, 0);
      const types = block.types?.subarray(offset, end);
      yield { first, lengths, ids: block.ids.subarray(offset, end), ...(types && { types }) };
      offset = end;
    }
  }

  /** One forward pass over B texts padded to the longest, L. */
  async run({ ids, lengths, types }: TokenBlock): Promise<Record<string, Tensor | undefined>> {
    const length = Math.max(...lengths);
    const shape = [lengths.length, length];
    const cells = lengths.length * length;
    const inputs = new BigInt64Array(cells).fill(this.padding);
    const mask = new BigInt64Array(cells);
    const kinds = types && new BigInt64Array(cells);
    let offset = 0;
    lengths.forEach((own, row) => {
      for (let position = 0; position < own; position += 1) {
        const cell = row * length + position;
        inputs[cell] = BigInt(ids[offset + position]!);
        mask[cell] = 1n;
        if (kinds) kinds[cell] = BigInt(types[offset + position]!);
      }
      offset += own;
    });
    return (await this.model({
      input_ids: new Tensor("int64", inputs, shape),
      attention_mask: new Tensor("int64", mask, shape),
      ...(kinds && { token_type_ids: new Tensor("int64", kinds, shape) }),
    })) as Record<string, Tensor | undefined>;
  }

  async close(): Promise<void> {
    await this.model.dispose();
  }
}
