import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../src/errors.ts";
import { cutBatches, PASS_TOKENS, type Batch } from "./batches.ts";
import { teacherError } from "./model-folder.ts";
import { openOnnxRunner } from "./onnx-runner.ts";
import type { TokenBlock } from "./pack.ts";
import type { ModelRunner, ModelToRun, OutputTensor } from "./runner.ts";

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
  private readonly tokens: number;

  private constructor(runner: ModelRunner, padding: bigint, tokens: number) {
    this.runner = runner;
    this.padding = padding;
    this.tokens = tokens;
  }

  /**
   * @param fixed - whether batches are cut by texts alone, since the model's answers depend on them. Default false.
   * @throws LimbeckError `E_TEACHER` when ONNX Runtime cannot load the model.
   */
  static async load(model: ModelToRun, fixed = false): Promise<RunningModel> {
    const tokens = fixed ? Infinity : PASS_TOKENS;
    try {
      return new RunningModel(await openRunner(model), await paddingOf(model.folder), tokens);
    } catch (thrown) {
      throw teacherError(model.folder, "an ONNX model that loads", messageOf(thrown), thrown);
    }
  }

  /** Names of the outputs that the model's file has. */
  get outputs(): readonly string[] {
    return this.runner.outputs;
  }

  /** A block in parts, each for one forward pass of at most `texts` texts. */
  batches(block: TokenBlock, texts: number): Generator<Batch> {
    return cutBatches(block, { texts, tokens: this.tokens });
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
