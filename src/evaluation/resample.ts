import { setImmediate } from "node:timers/promises";
import { Random } from "../math/random.ts";
import { CALIBRATION_BINS } from "./metrics/calibration.ts";
import { weightedArea } from "./metrics/auc.ts";
import { macroMeasures } from "./metrics/classification.ts";
import type { GoldOutcome, Outcome } from "./outcome.ts";
import { MEASURES, type Measure } from "./scores.ts";

/** Values of each measure in every resample, `[resamples]`; null where the measure has no resamples. */
export type ResampledMeasures = Record<Measure, Float64Array | null>;

export interface ResampleOptions {
  resamples: number;
  seed: number;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
  /** Fills in how often each text occurs, all zero before. Default: as many draws with replacement as there are texts. */
  draw?: (counts: Uint16Array) => void;
}

/** A resample as a list: `text[i]` occurs `times[i]` > 0 times, for `i < used`. */
interface Resample {
  counts: Uint16Array;
  text: Uint32Array;
  times: Float64Array;
  used: number;
  texts: number;
}

/** Resamples after which the event loop gets a turn, so that Ctrl-C is heard. */
const CHUNK = 100;

/**
 * Measures every system on the same resamples of the texts (Efron & Tibshirani 1993, ch. 13): differences between
 * systems are then paired. A system of several seeds is the mean of its seeds in each resample; seeds are not resampled.
 *
 * @param systems - outcomes of each system, one per seed, all on the same texts in the same order
 * @returns one entry per system
 */
export async function resampleMeasures(
  systems: readonly (readonly Outcome[])[],
  options: ResampleOptions,
): Promise<ResampledMeasures[]> {
  const texts = systems[0]?.[0]?.predicted.length ?? 0;
  const random = new Random("bootstrap", options.seed);
  const draw =
    options.draw ??
    ((counts) => {
      drawTexts(counts, random);
    });
  const results = systems.map((outcomes) => emptyMeasures(outcomes[0]!, options.resamples));
  const resample = emptyResample(texts);
  for (let index = 0; index < options.resamples; index += 1) {
    refill(resample, draw);
    for (const [place, outcomes] of systems.entries()) {
      const target = results[place]!;
      for (const outcome of outcomes)
        addMeasures(target, index, outcome, resample, outcomes.length);
    }
    if ((index + 1) % CHUNK === 0) {
      options.onProgress?.(index + 1);
      await setImmediate();
      options.signal?.throwIfAborted();
    }
  }
  return results;
}

function drawTexts(counts: Uint16Array, random: Random): void {
  for (let draw = 0; draw < counts.length; draw += 1) counts[random.integer(counts.length)]! += 1;
}

function emptyResample(texts: number): Resample {
  return {
    counts: new Uint16Array(texts),
    text: new Uint32Array(texts),
    times: new Float64Array(texts),
    used: 0,
    texts,
  };
}

function refill(resample: Resample, draw: (counts: Uint16Array) => void): void {
  const { counts, text, times } = resample;
  counts.fill(0);
  draw(counts);
  let used = 0;
  for (let index = 0; index < counts.length; index += 1) {
    if (counts[index] === 0) continue;
    text[used] = index;
    times[used] = counts[index]!;
    used += 1;
  }
  resample.used = used;
}

function emptyMeasures(outcome: Outcome, resamples: number): ResampledMeasures {
  const has = (name: Measure): boolean => {
    if (name === "agreement") return outcome.agrees !== null;
    if (outcome.gold === null) return false;
    // The mean over many one-against-rest areas would take longer than the training.
    return name !== "auc" || outcome.gold.ranks !== null;
  };
  return Object.fromEntries(
    MEASURES.map((name) => [name, has(name) ? new Float64Array(resamples) : null]),
  ) as ResampledMeasures;
}

function addMeasures(
  target: ResampledMeasures,
  index: number,
  outcome: Outcome,
  resample: Resample,
  seeds: number,
): void {
  addAgreement(target, index, outcome, resample, seeds);
  if (outcome.gold === null) return;
  addMeans(target, index, outcome.gold, resample, seeds);
  addMacro(target, index, outcome, resample, seeds);
  target.ece![index]! += calibrationError(outcome.bin, outcome.gold.excess, resample) / seeds;
  if (target.auc !== null && outcome.gold.ranks !== null) {
    const { ranks } = outcome.gold;
    target.auc[index]! += (weightedArea(ranks, ranks.positive, resample.counts) ?? NaN) / seeds;
  }
}

function addAgreement(
  target: ResampledMeasures,
  index: number,
  { agrees }: Outcome,
  { text, times, used, texts }: Resample,
  seeds: number,
): void {
  if (agrees === null) return;
  let agreeing = 0;
  for (let place = 0; place < used; place += 1) agreeing += times[place]! * agrees[text[place]!]!;
  target.agreement![index]! += agreeing / texts / seeds;
}

function addMeans(
  target: ResampledMeasures,
  index: number,
  { correct, nll, brier }: GoldOutcome,
  { text, times, used, texts }: Resample,
  seeds: number,
): void {
  let [right, likelihood, squared] = [0, 0, 0];
  for (let place = 0; place < used; place += 1) {
    const where = text[place]!;
    const weight = times[place]!;
    right += weight * correct[where]!;
    likelihood += weight * nll[where]!;
    squared += weight * brier[where]!;
  }
  target.accuracy![index]! += right / texts / seeds;
  target.nll![index]! += likelihood / texts / seeds;
  target.brier![index]! += squared / texts / seeds;
}

function addMacro(
  target: ResampledMeasures,
  index: number,
  { classes, predicted, gold }: Outcome,
  { text, times, used }: Resample,
  seeds: number,
): void {
  const { labels, correct } = gold!;
  const counts = {
    gold: new Float64Array(classes),
    predicted: new Float64Array(classes),
    correct: new Float64Array(classes),
  };
  for (let place = 0; place < used; place += 1) {
    const where = text[place]!;
    const weight = times[place]!;
    counts.gold[labels[where]!]! += weight;
    counts.predicted[predicted[where]!]! += weight;
    counts.correct[labels[where]!]! += weight * correct[where]!;
  }
  const macro = macroMeasures(counts);
  target.macroPrecision![index]! += macro.macroPrecision / seeds;
  target.macroRecall![index]! += macro.macroRecall / seeds;
  target.macroF1![index]! += macro.macroF1 / seeds;
}

function calibrationError(
  bin: Uint8Array,
  excess: Float64Array,
  { text, times, used, texts }: Resample,
): number {
  const sums = new Float64Array(CALIBRATION_BINS);
  for (let place = 0; place < used; place += 1) {
    const where = text[place]!;
    sums[bin[where]!]! += times[place]! * excess[where]!;
  }
  let sum = 0;
  for (const value of sums) sum += Math.abs(value);
  return sum / texts;
}
