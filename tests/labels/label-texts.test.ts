import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLabelStore, SHARD_TEXTS, type LabelStore } from "../../src/labels/label-store.ts";
import { labelTexts } from "../../src/labels/label-texts.ts";
import { Claims } from "../../src/labels/claims.ts";
import { rangeOf } from "../../src/labels/ranges.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { textId } from "../../src/texts/ids.ts";
import type { IdentifiedText, Teacher, TeacherAnswer } from "../../src/types.ts";
import { fakeTeacher } from "../helpers/fake-teacher.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-label-texts-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const description = { kind: "test", labels: ["a", "b"] };
const digest = digestOf(description);
const open = () => openLabelStore({ folder, description, digest, width: 2, extras: ["half"] });
const texts: IdentifiedText[] = Array.from({ length: 3000 }, (_, at) => ({
  id: textId(`text ${at}`),
  text: `text ${at}`,
}));
const number = (text: string) => Number(text.split(" ")[1]);

type Answering = (texts: AsyncIterable<IdentifiedText>) => AsyncIterable<TeacherAnswer>;

const answerOf = ({ id, text }: IdentifiedText): TeacherAnswer => ({
  id,
  logits: Float32Array.of(number(text), -number(text)),
  extras: { half: number(text) / 2 },
});

function teacherOf(label: Answering, changes: Partial<Teacher> = {}): Teacher {
  return fakeTeacher({ description, labels: ["a", "b"], heldOut: "any", label, ...changes });
}

/** A teacher that writes down what it is asked, and that takes a turn of the event loop for each text. */
function recording(asked: IdentifiedText[], changes: Partial<Teacher> = {}): Teacher {
  return teacherOf(async function* (stream) {
    for await (const text of stream) {
      asked.push(text);
      await new Promise((resolve) => setImmediate(resolve));
      yield answerOf(text);
    }
  }, changes);
}

const run = (teacher: Teacher, store: LabelStore, some = texts, start = 0) =>
  labelTexts({
    teacher,
    store,
    texts: some,
    signal: new AbortController().signal,
    progress: () => undefined,
    start,
  });

const idsOf = (some: readonly IdentifiedText[]) => some.map(({ id }) => id);

describe("labelTexts", () => {
  it("asks each text once, texts that come twice included, and keeps logits and extras by id", async () => {
    const asked: IdentifiedText[] = [];
    const store = await open();
    const result = await run(recording(asked), store, [...texts, ...texts.slice(0, 100)]);
    expect(result).toEqual({ computed: 3000, setAside: {} });
    expect(idsOf(asked).sort()).toEqual(idsOf(texts).sort());
    expect([...(await store.read([texts[7]!.id]))]).toEqual([7, -7]);
    expect([...(await store.readExtras([texts[7]!.id]))]).toEqual([3.5]);
    expect(await readdir(join(store.root, "claims"))).toEqual([]);
  });

  it("hands texts out range by range, from the range that it is told to begin with", async () => {
    const asked: IdentifiedText[] = [];
    await run(recording(asked), await open(), texts, 200);
    const ranges = asked.map(({ id }) => rangeOf(id));
    const order = ranges.filter((range, at) => range !== ranges[at - 1]);
    expect(order[0]).toBe(200);
    expect(order).toEqual([...order].sort((a, b) => ((a + 56) % 256) - ((b + 56) % 256)));
  });

  it("lets two at once do no text twice, wherever they begin", async () => {
    for (const starts of [
      [0, 128],
      [10, 10],
    ]) {
      await rm(folder, { recursive: true });
      const asked: IdentifiedText[][] = [[], []];
      const results = await Promise.all(
        starts.map(async (start, at) => run(recording(asked[at]!), await open(), texts, start)),
      );
      expect(idsOf(asked.flat()).sort()).toEqual(idsOf(texts).sort());
      for (const { computed } of results) expect(computed).toBeGreaterThan(300);
    }
  });

  it("looks at what others have committed once it has their range, not before", async () => {
    // The other has labelled and given up all ranges after this store was opened.
    const store = await open();
    const late = await open();
    await run(recording([]), store);
    const asked: IdentifiedText[] = [];
    expect((await run(recording(asked), late)).computed).toBe(0);
    expect(asked).toEqual([]);
  });

  it("waits for what another has claimed, and does it when that gives up", async () => {
    const store = await open();
    const claims = await Claims.open(join(store.root, "claims"));
    const range = rangeOf(texts[0]!.id);
    await claims.claim([range.toString(16).padStart(2, "0")]);
    const asked: IdentifiedText[] = [];
    const labelling = run(recording(asked), store);
    const others = texts.filter(({ id }) => rangeOf(id) !== range).length;
    while (asked.length < others) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(asked).toHaveLength(others);
    await claims.close();
    expect((await labelling).computed).toBe(3000);
    expect(asked).toHaveLength(3000);
  });

  it("commits what a slow teacher has answered long before its shard is full", async () => {
    const store = await open();
    let resume = (): void => undefined;
    const blocked = new Promise<void>((resolve) => (resume = resolve));
    const teacher = teacherOf(async function* (stream) {
      for await (const text of stream) {
        if (number(text.text) >= 0) yield answerOf(text);
        if (store.size === 0) await Promise.race([blocked, new Promise((r) => setTimeout(r, 500))]);
      }
    });
    const labelling = run(teacher, store, texts.slice(0, 40));
    while (store.size === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(store.size).toBeLessThan(Math.min(40, SHARD_TEXTS));
    resume();
    await labelling;
    expect(store.size).toBe(40);
  });

  it("commits the answers that came before a teacher failed, and gives its claims up", async () => {
    const store = await open();
    let answered = 0;
    const teacher = teacherOf(async function* (stream) {
      for await (const text of stream) {
        if (answered === 700) throw new Error("broken");
        answered += 1;
        yield answerOf(text);
      }
    });
    await expect(run(teacher, store)).rejects.toThrow("broken");
    expect((await open()).size).toBe(700);
    expect(await readdir(join(store.root, "claims"))).toEqual([]);
  });

  it("counts texts that are set aside, and ends where a teacher leaves texts out", async () => {
    const store = await open();
    const teacher = teacherOf(async function* (stream) {
      for await (const text of stream) {
        if (number(text.text) % 10 === 0) yield { id: text.id, reason: "no answer" };
        else if (number(text.text) % 10 !== 1) yield answerOf(text);
      }
    });
    expect(await run(teacher, store)).toEqual({ computed: 2400, setAside: { "no answer": 300 } });
    expect((await open()).size).toBe(2400);
  });

  it("stops at the signal, also while it waits for others", async () => {
    const store = await open();
    const claims = await Claims.open(join(store.root, "claims"));
    await claims.claim([rangeOf(texts[0]!.id).toString(16).padStart(2, "0")]);
    const controller = new AbortController();
    const labelling = labelTexts({
      teacher: recording([]),
      store,
      texts: texts.slice(0, 1),
      signal: controller.signal,
      progress: () => undefined,
    });
    setTimeout(() => {
      controller.abort();
    }, 50);
    await expect(labelling).rejects.toMatchObject({ code: "E_ABORTED" });
    await claims.close();
  });
});

describe("labelTexts with a teacher whose plan is fixed", () => {
  /** What the teacher was given, range by range. */
  function rangesIn(asked: readonly IdentifiedText[]): Map<number, IdentifiedText[]> {
    const ranges = new Map<number, IdentifiedText[]>();
    for (const text of asked) {
      const range = rangeOf(text.id);
      ranges.set(range, [...(ranges.get(range) ?? []), text]);
    }
    return ranges;
  }

  it("gives it whole ranges sorted by id, the same whatever has a row already", async () => {
    const first: IdentifiedText[] = [];
    await run(recording(first, { plan: "fixed" }), await open());
    await rm(folder, { recursive: true });

    const store = await open();
    const some = texts.filter((_, at) => at % 3 === 0);
    await run(recording([]), store, some);
    const asked: IdentifiedText[] = [];
    const result = await run(recording(asked, { plan: "fixed" }), store);
    expect(result.computed).toBe(2000);
    const known = new Set(idsOf(some));
    for (const [range, list] of rangesIn(asked)) {
      expect(idsOf(list)).toEqual(idsOf(rangesIn(first).get(range)!));
      expect(idsOf(list)).toEqual(idsOf(list).sort());
      expect(list.map((text) => text.known === true)).toEqual(list.map(({ id }) => known.has(id)));
    }
  });

  it("leaves out ranges in which nothing is missing", async () => {
    const store = await open();
    const low = texts.filter(({ id }) => rangeOf(id) < 250);
    await run(recording([]), store, low);
    const asked: IdentifiedText[] = [];
    await run(recording(asked, { plan: "fixed" }), store);
    expect(Math.min(...asked.map(({ id }) => rangeOf(id)))).toBe(250);
  });
});
