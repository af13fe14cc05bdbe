import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../src/errors.ts";
import { teacherError } from "./model-folder.ts";
import { openOnnxRunner } from "./onnx-runner.ts";
import type { ModelRunner, ModelToRun, OutputTensor } from "./runner.ts";

/** Token ids of some texts, one after the other, and how many each text has. */
export interface TokenBlock {
  ids: Int32Array;
  lengths: Int32Array;
  /** Token types, one per id: 0 in the first text of a pair, 1 in the second. Default: all 0. */
  types?: Int32Array;
}

/** A part of a block, for one forward pass. */
interface Batch extends TokenBlock {
  /** Row of its first text in the block. */
  first: number;
}

/** What fills a short row: models that look for the last token that is no padding need their own. */
async function paddingOf(folder: string): Promise<bigint> {
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as {
    pad_token_id?: unknown;
  };
  const { pad_token_id: id } = config;
  return typeof id === "number" && id >= 0 ? BigInt(id) : 0n;
}

/**
 * ONNX Runtime alone where the model's inputs are those of an encoder; transformers.js, which takes 150 MB in every
 * thread, for models that want more, such as a decoder's cache.
 */
async function openRunner(model: ModelToRun): Promise<ModelRunner> {
  const runner = await openOnnxRunner(model);
  if (runner !== null) return runner;
  const { openTransformersRunner } = await import("./transformers-runner.ts");
  return await openTransformersRunner(model);
}

/** A model on one thread, fed with padded batches. */
export class RunningModel {
  private readonly runner: ModelRunner;
  private readonly padding: bigint;

  private constructor(runner: ModelRunner, padding: bigint) {
    this.runner = runner;
    this.padding = padding;
  }

  /** @throws LimbeckError `E_TEACHER` when ONNX Runtime cannot load the model. */
  static async load(model: ModelToRun): Promise<RunningModel> {
    try {
      return new RunningModel(await openRunner(model), await paddingOf(model.folder));
    } catch (thrown) {
      throw teacherError(model.folder, "an ONNX model that loads", messageOf(thrown), thrown);
    }
  }

  /** Names of the outputs that the model's file has. */
  get outputs(): readonly string[] {
    return this.runner.outputs;
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
  async run({
    ids,
    lengths,
    types,
  }: TokenBlock): Promise<Record<string, OutputTensor | undefined>> {
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
    return await this.runner.run(
      { input_ids: inputs, attention_mask: mask, ...(kinds && { token_type_ids: kinds }) },
      shape,
    );
  }

  async close(): Promise<void> {
    await this.runner.close();
  }
}
