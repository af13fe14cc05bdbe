import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { relabel, sampleToRelabel } from "../../src/labelling/relabel.ts";
import { openStoreAt, type OpenedStore } from "../../src/labels/open-store.ts";
import { encodeShard, packShard } from "../../src/labels/shard.ts";
import { writeFileAtomic } from "../../src/platform/files.ts";
import { textId } from "../../src/texts/ids.ts";
import type { Teacher } from "../../src/types.ts";
import { fakeTeacher } from "../helpers/fake-teacher.ts";
import { writeStore } from "../labels/stored.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-relabel-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const words = Array.from({ length: 200 }, (_, index) => `text ${index}`);
const texts = words.map((text) => ({ id: textId(text), text }));
const logitsOf = (index: number) => [index % 3, ((index + 1) % 3) * 1.5, 0.25];
const rows = Object.fromEntries(words.map((text, index) => [text, logitsOf(index)]));
const never = new AbortController().signal;

/** The teacher of a store, whose answers this changes. */
function teacherOf(
  { store, description }: OpenedStore,
  change: (logits: Float32Array, index: number) => void,
  more: Partial<Teacher> = {},
): Teacher {
  const { digest } = store.format;
  return fakeTeacher({
    ...{ description, digest, labels: ["a", "b", "c"], capacity: 8 },
    async *label(asked) {
      for await (const { id, text } of asked) {
        const index = words.indexOf(text);
        const logits = Float32Array.from(logitsOf(index));
        change(logits, index);
        yield { id, logits };
      }
    },
    ...more,
  });
}

/** A store whose rows do not say where they were computed. */
async function storeFromElsewhere(): Promise<OpenedStore> {
  const { root } = await writeStore(folder, { other: [0, 0, 0] });
  const { store } = await openStoreAt(root);
  const all = Float32Array.from(Object.values(rows).flat());
  const ids = texts.map(({ id }) => id);
  const packed = packShard({ ids, rows: all, extras: new Float32Array(0) }, store.format);
  const { name, bytes } = encodeShard(packed, store.format, { processor: "another" });
  await writeFileAtomic(join(root, name), bytes);
  return await openStoreAt(root);
}

const flipLastBit = (logits: Float32Array): void => {
  new Uint32Array(logits.buffer)[2]! ^= 1;
};

describe("relabel, on rows that were computed here", () => {
  it("passes where every bit is the same", async () => {
    const opened = await openStoreAt((await writeStore(folder, rows)).root);
    const result = await relabel(
      teacherOf(opened, () => undefined),
      opened,
      texts,
      never,
    );
    expect(result).toMatchObject({ texts: 200, passed: true, wrong: [] });
    expect(result.exact).toEqual({ texts: 200, same: 200 });
    expect(result.close.texts).toBe(0);
  });

  it("does not pass by one bit of one text, and names it", async () => {
    const opened = await openStoreAt((await writeStore(folder, rows)).root);
    const change = (logits: Float32Array, index: number) => {
      if (index === 17) flipLastBit(logits);
    };
    const result = await relabel(teacherOf(opened, change), opened, texts, never);
    expect(result).toMatchObject({ passed: false, wrong: [texts[17]!.id] });
    expect(result.exact).toEqual({ texts: 200, same: 199 });
  });

  it("asks no bits of logits that depend on the batch", async () => {
    const opened = await openStoreAt((await writeStore(folder, rows)).root);
    const teacher = teacherOf(opened, flipLastBit, { plan: "fixed" });
    const result = await relabel(teacher, opened, texts, never);
    expect(result).toMatchObject({ passed: true, exact: { texts: 0 } });
    expect(result.close).toMatchObject({ texts: 200, sameClass: 200, closeCosine: 200 });
  });

  it("fails where labels were shifted by one text", async () => {
    const opened = await openStoreAt((await writeStore(folder, rows)).root);
    const change = (logits: Float32Array, index: number) => {
      logits.set(logitsOf(index + 1));
    };
    const teacher = teacherOf(opened, change, { plan: "fixed" });
    expect((await relabel(teacher, opened, texts, never)).passed).toBe(false);
  });
});

describe("relabel, on rows from elsewhere", () => {
  it("passes by likeliest class and cosine where bits differ", async () => {
    const opened = await storeFromElsewhere();
    const result = await relabel(teacherOf(opened, flipLastBit), opened, texts, never);
    expect(result).toMatchObject({ passed: true, exact: { texts: 0 } });
    expect(result.close.leastCosine).toBeGreaterThan(0.9999);
  });

  // 99 % of 200 are 198: two texts may differ, three may not.
  it.each([
    [2, true],
    [3, false],
  ])("with another class for %i of 200 texts: passed is %s", async (wrong, passed) => {
    const opened = await storeFromElsewhere();
    const change = (logits: Float32Array, index: number) => {
      if (index < wrong) logits.set(logits.map((logit) => -logit));
    };
    const result = await relabel(teacherOf(opened, change), opened, texts, never);
    expect(result.passed).toBe(passed);
    expect(result.close.sameClass).toBe(200 - wrong);
  });
});

describe("relabel", () => {
  it("refuses another teacher, naming the difference", async () => {
    const opened = await openStoreAt((await writeStore(folder, rows)).root);
    const other = teacherOf(opened, () => undefined, {
      digest: "f".repeat(64),
      description: { ...opened.description, name: "two" },
    });
    await expect(relabel(other, opened, texts, never)).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining('name is "two" instead of "one"') as string,
    });
  });

  it("takes the same sample of what is stored whatever the order of the texts", async () => {
    const { root } = await writeStore(folder, rows);
    const opened = await openStoreAt(root);
    const strange = { id: textId("strange"), text: "strange" };
    const one = sampleToRelabel(opened, [strange, ...texts], 20);
    expect(sampleToRelabel(opened, texts.toReversed(), 20)).toEqual(one);
    expect(one).toHaveLength(20);
    expect(one).not.toContainEqual(strange);
  });
});
