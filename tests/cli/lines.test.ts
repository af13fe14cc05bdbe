import { describe, expect, it } from "vitest";
import { readLines } from "../../src/cli/lines.ts";
import { likeliest, takeAvailable } from "../../src/cli/predictions.ts";

async function* from<T>(...items: T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("readLines", () => {
  it.each([
    [["a\nb\n"], ["a", "b"]],
    [["a\r\nb"], ["a", "b"]],
    [
      ["a", "b\n", "\n", "c"],
      ["ab", "", "c"],
    ],
    [
      ["a\r", "\nb\n"],
      ["a", "b"],
    ],
    [["one\u2028text\n"], ["one\u2028text"]],
    [[""], []],
  ])("%j", async (chunks, expected) => {
    expect(await all(readLines(from(...chunks)))).toEqual(expected);
  });

  it("puts characters together that were cut between two chunks", async () => {
    const bytes = Buffer.from("größe\n");
    expect(await all(readLines(from(bytes.subarray(0, 3), bytes.subarray(3))))).toEqual(["größe"]);
  });

  it("passes an error of the stream on", async () => {
    async function* broken() {
      yield await Promise.resolve("a\n");
      throw new Error("disk gone");
    }
    await expect(all(readLines(broken()))).rejects.toThrow("disk gone");
    await expect(all(takeAvailable(readLines(broken()), 8))).rejects.toThrow("disk gone");
  });
});

describe("takeAvailable", () => {
  it("fills batches from what is there", async () => {
    expect(await all(takeAvailable(from("a", "b", "c", "d", "e"), 2))).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e"],
    ]);
  });

  it("does not wait for a batch to fill", async () => {
    let release: () => void = () => undefined;
    async function* slow() {
      yield "a";
      yield "b";
      await new Promise<void>((resolve) => (release = resolve));
      yield "c";
    }
    const batches = takeAvailable(slow(), 32);
    expect((await batches.next()).value).toEqual(["a", "b"]);
    release();
    expect((await batches.next()).value).toEqual(["c"]);
    expect((await batches.next()).done).toBe(true);
  });
});

describe("likeliest", () => {
  it("orders by probability and stops at the number asked for", () => {
    const prediction = {
      label: "b",
      probability: 0.5,
      probabilities: Float32Array.of(0.25, 0.5, 0.125, 0.125),
    };
    expect(likeliest(prediction, ["a", "b", "c", "d"], 2)).toEqual([
      { label: "b", probability: 0.5 },
      { label: "a", probability: 0.25 },
    ]);
  });
});
