import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { labelShard } from "../../src/fleet/label-shard.ts";
import { readOutcome, queueFolder, writeTexts } from "../../src/fleet/shard-files.ts";
import { splitShards } from "../../src/fleet/shards.ts";
import { canonicalJson, sha256 } from "../../src/platform/digest.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { textId } from "../../src/texts/ids.ts";
import type { Teacher, TeacherAnswer } from "../../src/types.ts";

const description = { kind: "toy", labels: ["no", "yes"] };
const store = sha256(canonicalJson(description));
const texts = ["first", "second", "third"].map((text) => ({ id: textId(text), text }));
const shard = splitShards({
  store,
  texts,
  missing: new Set(texts.map(({ id }) => id)),
  size: 10,
})[0]!;
const job = { store, order: "0".repeat(64), shard: shard.name, texts: 3 };

let folder = "";
let root = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-shard-"));
  root = join(folder, store);
  await writeTexts(root, shard);
  await writeFile(join(root, "teacher.json"), canonicalJson(description));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Says of a text how many letters it has, and counts what it is asked. */
function toy(answer: (text: string) => Partial<TeacherAnswer> = () => ({})) {
  const asked: string[] = [];
  const teacher = {
    labels: description.labels,
    async *label(stream: AsyncIterable<{ id: string; text: string }>) {
      for await (const { id, text } of stream) {
        asked.push(text);
        yield { id, logits: Float32Array.of(0, text.length), ...answer(text) } as TeacherAnswer;
      }
    },
  } as unknown as Teacher;
  return { asked, teacher: () => Promise.resolve(teacher) };
}

const signal = new AbortController().signal;
const shardFiles = async () => (await readdir(root)).filter((name) => name.startsWith("part-"));

describe("labelShard", () => {
  it("commits every text's own logits once, however often the job comes", async () => {
    const { asked, teacher } = toy();
    expect(await labelShard({ root, job, teacher, signal })).toEqual({
      labelled: 3,
      already: false,
    });
    expect(await labelShard({ root, job, teacher, signal })).toEqual({
      labelled: 0,
      already: true,
    });
    expect(asked.sort()).toEqual(["first", "second", "third"]);
    const logits = await readLogits(
      root,
      texts.map(({ id }) => id),
    );
    // Two numbers a text: 0 and its letters, in the order of the ids asked for.
    expect([...logits]).toEqual([0, 5, 0, 6, 0, 5]);
  });

  it("commits no label of a known text, which only takes its place beside the others", async () => {
    const { teacher } = toy();
    const [asked] = texts as [(typeof texts)[0]];
    // Some text whose id begins with the same byte, one of 256.
    const known = Array.from({ length: 5000 }, (_, number) => String(number))
      .map((text) => ({ id: textId(text), text }))
      .find(({ id }) => id.slice(0, 2) === asked.id.slice(0, 2))!;
    const missing = new Set([asked.id]);
    const beside = splitShards({
      store,
      texts: [asked, known],
      missing,
      size: 10,
      fixed: true,
    })[0]!;
    await writeTexts(root, beside);
    const result = await labelShard({ root, job: { ...job, shard: beside.name }, teacher, signal });
    expect(result).toEqual({ labelled: 1, already: false });
    await expect(readLogits(root, [known.id])).rejects.toMatchObject({ code: "E_STORE" });
  });

  it("leaves the first one's labels where two workers have the job at once", async () => {
    const one = toy();
    const results = await Promise.all([
      labelShard({ root, job, teacher: one.teacher, signal }),
      labelShard({ root, job, teacher: one.teacher, signal }),
    ]);
    expect(results.map(({ labelled }) => labelled).sort()).toEqual([0, 3]);
    expect(await shardFiles()).toEqual([`part-queue-${shard.name}.parquet`]);
  });

  it("commits nothing when the teacher fails half-way", async () => {
    const { teacher } = toy((text) => {
      if (text === "third") throw new Error("broke");
      return {};
    });
    await expect(labelShard({ root, job, teacher, signal })).rejects.toThrow("broke");
    expect(await shardFiles()).toEqual([]);
  });

  it("says which texts have no answer, and does without labels where none has one", async () => {
    const refusing = (which: string[]) =>
      toy((text) => (which.includes(text) ? { reason: "refused" } : {})).teacher;
    await labelShard({ root, job, teacher: refusing(["first", "second", "third"]), signal });
    expect(await shardFiles()).toEqual([]);
    expect(await readOutcome(root, shard.name)).toEqual({ rows: 0, setAside: { refused: 3 } });
    await labelShard({ root, job, teacher: refusing(["second"]), signal });
    expect(await readOutcome(root, shard.name)).toEqual({ rows: 2, setAside: { refused: 1 } });
    expect(await shardFiles()).toHaveLength(1);
  });

  it("refuses texts that are not the shard's, and says where it looked where there are none", async () => {
    const { asked, teacher } = toy();
    const other = { ...shard, texts: [{ id: textId("other"), text: "other" }] };
    await writeTexts(root, other);
    await expect(labelShard({ root, job, teacher, signal })).rejects.toMatchObject({
      code: "E_DATA",
    });
    await rm(queueFolder(root), { recursive: true });
    await expect(labelShard({ root, job, teacher, signal })).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining("--labels") as string,
    });
    expect(asked).toEqual([]);
  });
});
