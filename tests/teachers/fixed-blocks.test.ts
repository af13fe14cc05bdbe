import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLabelStore, type LabelStore } from "../../src/labels/label-store.ts";
import { rangeOf } from "../../src/labels/ranges.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { textId } from "../../src/texts/ids.ts";
import type { IdentifiedText } from "../../src/types.ts";
import { CachedEncoder } from "../../teachers/encoder-head/cached-encoder.ts";
import {
  BLOCK_TEXTS,
  makeFixedBlocks,
  type TextBlock,
} from "../../teachers/transformers/blocks.ts";
import type { LazyPool } from "../../teachers/transformers/lazy-pool.ts";
import type { ModelPool } from "../../teachers/transformers/model-pool.ts";
import { streamOf } from "./helpers.ts";

/** Texts of which about 300 lie in each of a few ranges: more than a block, sorted by id as a plan gives them. */
const texts: IdentifiedText[] = Array.from({ length: 80_000 }, (_, at) => `text ${at}`)
  .map((text) => ({ id: textId(text), text }))
  .filter(({ id }) => rangeOf(id) % 64 === 5)
  .sort((a, b) => (a.id < b.id ? -1 : 1));
/** As many tokens as the text has letters. */
const encodeText = (text: string) => Int32Array.from(text, (letter) => letter.charCodeAt(0));
const idsOf = (some: readonly IdentifiedText[]) => some.map(({ id }) => id);

describe("makeFixedBlocks", () => {
  it("cuts each range for itself, by length and id, and leaves out blocks without a wanted text", () => {
    const all = makeFixedBlocks(texts, new Set(idsOf(texts)), encodeText);
    for (const { textIds, lengths } of all) {
      expect(new Set(textIds.map(rangeOf)).size).toBe(1);
      expect([...lengths]).toEqual([...lengths].sort((a, b) => a - b));
      expect(textIds.length).toBeLessThanOrEqual(BLOCK_TEXTS);
    }
    const wanted = texts[10]!.id;
    const one = makeFixedBlocks([...texts].reverse(), new Set([wanted]), encodeText);
    expect(one).toEqual(all.filter(({ textIds }) => textIds.includes(wanted)));
    expect(one).toHaveLength(1);
  });
});

describe("CachedEncoder of a model whose vectors depend on the batch", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "limbeck-fixed-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const description = { kind: "encoder", size: 2 };
  const open = (name: string) =>
    openLabelStore({
      folder: join(folder, name),
      description,
      digest: digestOf(description),
      width: 2,
      dtype: "float16",
    });

  /** Stands for such a model: each vector says how many texts and tokens its block has. */
  const poolOf = (ran: number[]): LazyPool => {
    const pool = {
      encode({ lengths, ids }: TextBlock) {
        ran.push(lengths.length);
        return Promise.resolve(
          Float32Array.from(Array.from(lengths, () => [lengths.length, ids.length % 2048]).flat()),
        );
      },
    };
    return {
      open: () => Promise.resolve(pool as unknown as ModelPool),
      close: () => Promise.resolve(),
    };
  };

  async function encode(
    store: LabelStore,
    some: readonly IdentifiedText[],
    ran: number[] = [],
  ): Promise<Map<string, string>> {
    const encoder = new CachedEncoder(store, {
      encodeText,
      pool: poolOf(ran),
      workers: 2,
      fixed: true,
    });
    const vectors = new Map<string, string>();
    for await (const block of encoder.vectors(streamOf(some), new AbortController().signal)) {
      block.ids.forEach((id, row) => {
        expect(vectors.has(id)).toBe(false);
        vectors.set(id, block.vectors.slice(2 * row, 2 * row + 2).join());
      });
    }
    return vectors;
  }

  it("gives a text the same vector whatever was encoded before, and the known ones none", async () => {
    const calm = await encode(await open("calm"), texts);
    expect(calm.size).toBe(texts.length);

    // Some texts' answers are known; their vectors are not there, but they stand in their blocks.
    const known = texts.map((text, at) => (at % 2 === 0 ? { ...text, known: true } : text));
    const half = await encode(await open("other"), known);
    expect([...half.keys()].sort()).toEqual(idsOf(texts.filter((_, at) => at % 2 === 1)).sort());
    for (const [id, vector] of half) expect(vector).toBe(calm.get(id));

    // What stood beside them is kept as well: nothing is run again.
    const ran: number[] = [];
    expect(await encode(await open("other"), texts, ran)).toEqual(calm);
    expect(ran).toEqual([]);
  });

  it("waits for what another encoder is at, instead of encoding it twice", async () => {
    const ran: number[] = [];
    const both = await Promise.all([
      encode(await open("shared"), texts, ran),
      encode(await open("shared"), texts, ran),
    ]);
    expect(both[0]).toEqual(both[1]);
    expect(ran.reduce((sum, count) => sum + count, 0)).toBe(texts.length);
  });
});
