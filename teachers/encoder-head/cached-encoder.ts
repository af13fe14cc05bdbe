import { LimbeckError } from "../../src/errors.ts";
import { roundToFloat16 } from "../../src/formats/float16.ts";
import { compactQuietly } from "../../src/labels/compact.ts";
import type { LabelStore } from "../../src/labels/label-store.ts";
import { rangeOf } from "../../src/labels/ranges.ts";
import { WorkShare } from "../../src/labels/share-work.ts";
import type { IdentifiedText } from "../../src/types.ts";
import {
  BLOCKS_IN_FLIGHT,
  CHUNK_TEXTS,
  chunksOf,
  makeBlocks,
  makeFixedBlocks,
  rangesOf,
  type TextBlock,
} from "../transformers/blocks.ts";
import { BlocksInFlight } from "./blocks-in-flight.ts";
import type { EncoderParts, VectorBlock, VectorSource } from "./vector-source.ts";

/** Texts that others encode and that are put off; more are waited for first, so that memory stays flat. */
const MOST_PUT_OFF = 8 * CHUNK_TEXTS;

/** An encoder whose vectors, rounded to float16, are kept on disk: what was encoded once is only read again. */
export class CachedEncoder implements VectorSource {
  private readonly store: LabelStore;
  private readonly parts: EncoderParts;

  constructor(store: LabelStore, parts: EncoderParts) {
    this.store = store;
    this.parts = parts;
  }

  /**
   * Vectors of all texts that are not `known`, each once, in blocks of free order. Tokenizing, running and writing
   * overlap: `BLOCKS_IN_FLIGHT` per worker. What another process is encoding is waited for, not done again.
   *
   * @throws LimbeckError `E_ABORTED` after the signal, when the blocks in flight have been yielded and saved.
   */
  async *vectors(
    texts: AsyncIterable<IdentifiedText>,
    signal: AbortSignal,
  ): AsyncGenerator<VectorBlock> {
    const share = await WorkShare.open(this.store);
    const { workers, fixed } = this.parts;
    const running = new BlocksInFlight(this.store, share, BLOCKS_IN_FLIGHT * workers);
    try {
      let putOff: IdentifiedText[] = [];
      for await (const chunk of (fixed ? rangesOf : chunksOf)(texts, CHUNK_TEXTS)) {
        if (signal.aborted) break;
        putOff = putOff.concat(yield* this.takeStep({ chunk, share, running, signal }));
        if (putOff.length < MOST_PUT_OFF) continue;
        yield* this.waitForOthers(putOff, { share, running, signal });
        putOff = [];
      }
      yield* running.drain();
      yield* this.waitForOthers(putOff, { share, running, signal });
    } finally {
      // Claims are given up whether or not the rest could be saved.
      await running.end().finally(() => share.close());
    }
    if (signal.aborted) throw new LimbeckError("E_ABORTED", "Stopped while labelling.");
  }

  async close(): Promise<void> {
    await this.parts.pool.close();
    await compactQuietly(this.store);
    this.store.close();
  }

  /** Gives what is there and encodes what nobody else does. @returns the texts that somebody else does. */
  private async *takeStep({
    chunk,
    share,
    running,
    signal,
  }: Step & { chunk: IdentifiedText[] }): AsyncGenerator<VectorBlock, IdentifiedText[]> {
    const { encodeText, fixed } = this.parts;
    const { mine, present, others } = await share.take(chunk.filter(({ known }) => known !== true));
    if (present.length > 0) {
      const ids = present.map(({ id }) => id);
      yield { ids, vectors: await this.store.read(ids) };
    }
    const wanted = new Set(mine.map(({ id }) => id));
    const blocks = fixed
      ? makeFixedBlocks(chunk, wanted, encodeText)
      : makeBlocks(mine, encodeText);
    for (const block of blocks) {
      if (isAborted(signal)) break;
      yield* running.makeRoom();
      running.add(this.encode(block), wanted);
    }
    return fixed ? wholeRanges(chunk, others) : others;
  }

  /** Vectors of texts that others are at; done here as far as those give up. */
  private async *waitForOthers(texts: IdentifiedText[], step: Step): AsyncGenerator<VectorBlock> {
    for (let chunk = texts; chunk.length > 0 && !step.signal.aborted;) {
      // Those who wait hold nothing: else two could wait for each other.
      yield* step.running.drain();
      const before = chunk.length;
      chunk = yield* this.takeStep({ chunk, ...step });
      if (chunk.length === before) await step.share.pause(step.signal);
    }
    yield* step.running.drain();
  }

  private async encode(block: TextBlock): Promise<VectorBlock> {
    const pool = await this.parts.pool.open();
    const vectors = await pool.encode(block);
    roundToFloat16(vectors);
    return { ids: block.textIds, vectors };
  }
}

interface Step {
  share: WorkShare;
  running: BlocksInFlight;
  signal: AbortSignal;
}

/** A function, since the compiler takes the signal's state to be what it was before the last await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** All texts of the ranges that some texts lie in; those that are not among them only fill their blocks. */
function wholeRanges(
  chunk: readonly IdentifiedText[],
  texts: readonly IdentifiedText[],
): IdentifiedText[] {
  const ids = new Set(texts.map(({ id }) => id));
  const ranges = new Set(texts.map(({ id }) => rangeOf(id)));
  return chunk
    .filter(({ id }) => ranges.has(rangeOf(id)))
    .map((text) => (ids.has(text.id) ? text : { ...text, known: true }));
}
