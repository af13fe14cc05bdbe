import { EngineError } from "./errors.ts";
import { parameterShapes } from "./program/parameter-shapes.ts";
import type { ParameterGroup, Program } from "./types.ts";

/** Which parts of an encoder with a head learn: all, the last n layers and the head, or the head alone. */
export type FineTune = "all" | "head" | { last: number };

export interface FineTuneOptions {
  fineTune: FineTune;
  /** Factor of the learning rate from each layer to the one below it, above 0 and at most 1. Default 1: one rate. */
  layerDecay?: number;
}

const LAYER = /^encoder\.layer\.(\d+)\./;
/** The table, what is added to it, and the projection to the encoder's width. */
const EMBEDDINGS = /^embeddings(_project)?\./;

/** Parameters at one depth, by beginnings of their names. */
interface Level {
  names: string[];
  /** Whether it is one of the encoder's layers, not the embeddings. */
  layer: boolean;
}

/**
 * Parameter groups that fine-tune a pretrained encoder under Hugging Face's names. Everything outside the encoder is
 * the head, which learns with the full rate. Below it the rate of each level is `layerDecay^depth`: depth 1 for the last
 * layer, 2 for the one before, and so on down to the embeddings (Howard & Ruder 2018, section 3.2, who use 1 / 2.6).
 * What does not learn is frozen; `{ last: n }` of all layers still freezes the embeddings.
 *
 * @throws EngineError `E_OPTIMIZER` if the program has fewer than `n` layers or no encoder at all, or if
 *   `layerDecay` is out of range.
 */
export function fineTuneGroups(
  program: Pick<Program, "parameters" | "embedding">,
  { fineTune, layerDecay = 1 }: FineTuneOptions,
): ParameterGroup[] {
  if (!(layerDecay > 0 && layerDecay <= 1)) {
    throw new EngineError(
      "E_OPTIMIZER",
      `Expected a layer decay above 0 and at most 1, got ${layerDecay}. Use 1 for one rate, or 0.38 as Howard & Ruder do.`,
    );
  }
  const levels = encoderLevels(parameterShapes(program).map(({ name }) => name));
  const learning = countLearning(levels, fineTune);
  const frozen = levels.slice(learning).flatMap(({ names }) => names);
  const rated = levels
    .slice(0, layerDecay === 1 ? 0 : learning)
    .map(({ names }, index) => ({ names, rate: layerDecay ** (index + 1) }));
  return frozen.length > 0 ? [...rated, { names: frozen, frozen: true }] : rated;
}

/** The encoder's layers from the last to the first, then the embeddings. */
function encoderLevels(names: readonly string[]): Level[] {
  const numbers = names.flatMap((name) => LAYER.exec(name)?.[1] ?? []);
  const layers = [...new Set(numbers.map(Number))].sort((a, b) => b - a);
  const beginnings = names.flatMap((name) => EMBEDDINGS.exec(name)?.[0] ?? []);
  return [
    ...layers.map((layer) => ({ names: [`encoder.layer.${layer}.*`], layer: true })),
    ...(beginnings.length > 0
      ? [{ names: [...new Set(beginnings)].map((name) => `${name}*`), layer: false }]
      : []),
  ];
}

/** How many levels, from the last layer down, learn. */
function countLearning(levels: readonly Level[], fineTune: FineTune): number {
  const layers = levels.filter(({ layer }) => layer).length;
  const last = typeof fineTune === "object" ? fineTune.last : 0;
  if (layers === 0 || !Number.isInteger(last) || last < 0 || last > layers) {
    throw new EngineError(
      "E_OPTIMIZER",
      layers === 0
        ? "Expected parameters encoder.layer.0.*, got a program without an encoder. Fine-tune a transformer."
        : `Expected the last 0 to ${layers} layers to learn, got ${last}. Choose fewer, or all.`,
    );
  }
  return fineTune === "all" ? levels.length : last;
}
