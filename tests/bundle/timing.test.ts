import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { makeClassifier } from "../../src/bundle/classifier.ts";
import { timeInProcess } from "../../src/bundle/time-in-process.ts";
import { chooseTimedTexts, timeSystems } from "../../src/bundle/timing.ts";
import { saveLinear, trainLinear } from "../../src/controls/linear.ts";
import { draftTiny, TEXTS } from "./tiny-student.ts";

/** A clock that only what is measured moves. */
class Clock {
  time = 0;
  readonly now = () => this.time;
  system(name: string, milliseconds: (texts: readonly string[]) => number, log: string[] = []) {
    return {
      name,
      classify: (texts: readonly string[]) => {
        this.time += milliseconds(texts);
        log.push(`${name} ${texts.join("+")}`);
        return Promise.resolve(null);
      },
    };
  }
}

describe("timeSystems", () => {
  it("gives median, 95th percentile and texts per second", async () => {
    const clock = new Clock();
    // One text of n characters takes n milliseconds, a batch of two 1 ms for each.
    const system = clock.system("s", (texts) =>
      texts.length === 1 ? texts[0]!.length : texts.length,
    );
    const texts = [1, 2, 3, 4, 10].map((length) => "x".repeat(length));
    const timings = await timeSystems({
      systems: [system],
      texts,
      batchSize: 2,
      warmUp: 2,
      now: clock.now,
    });
    // Sorted 1 2 3 4 10: median 3; position 0.95 · 4 = 3.8 between 4 and 10: 4 + 0.8 · 6 = 8.8. 5 texts in 20 ms.
    expect(timings.get("s")).toEqual({
      oneText: { p50Ms: 3, p95Ms: expect.closeTo(8.8, 9) as number, textsPerSecond: 250 },
      batch: { size: 2, textsPerSecond: 1000 },
    });
  });

  it("asks all systems in turn, each first as often as the other, and does not count the warm-up", async () => {
    const clock = new Clock();
    const log: string[] = [];
    let calls = 0;
    const slowAtFirst = clock.system("a", () => ((calls += 1) <= 1 ? 1000 : 1), log);
    const systems = [slowAtFirst, clock.system("b", () => 2, log)];
    const timings = await timeSystems({
      systems,
      texts: ["p", "q"],
      batchSize: 32,
      warmUp: 1,
      now: clock.now,
    });
    expect(log).toEqual([
      ...["a p", "b p"], // warm-up
      ...["a p", "b p", "b q", "a q"],
      ...["a p+q", "b p+q"], // warm-up
      ...["a p+q", "b p+q"],
    ]);
    expect(timings.get("a")!.oneText).toEqual({ p50Ms: 1, p95Ms: 1, textsPerSecond: 1000 });
    expect(timings.get("b")!.batch).toEqual({ size: 32, textsPerSecond: 1000 });
  });

  it("counts tokenization", async () => {
    const clock = new Clock();
    const bundle = makeClassifier({
      folder: "none",
      labels: ["a", "b"],
      maxLength: 8,
      tokenizer: {
        padId: 0,
        encode: () => {
          clock.time += 5; // a slow tokenizer
          return [1, 2];
        },
      },
      session: {
        run: (feeds) => {
          clock.time += 1;
          const [batch] = (feeds["input_ids"] as Tensor).dims;
          return Promise.resolve({
            logits: new Tensor("float32", new Float32Array(2 * batch!), [batch!, 2]),
          });
        },
        release: () => Promise.resolve(),
      },
    });
    const system = { name: "s", classify: (texts: readonly string[]) => bundle.classify(texts) };
    const texts = ["a", "b", "c", "d"];
    const timings = await timeSystems({
      systems: [system],
      texts,
      batchSize: 4,
      warmUp: 0,
      now: clock.now,
    });
    // One text: 5 + 1 ms. A batch of four: 4 · 5 + 1 = 21 ms, 5.25 each.
    expect(timings.get("s")!.oneText).toMatchObject({ p50Ms: 6, p95Ms: 6 });
    expect(timings.get("s")!.batch.textsPerSecond).toBeCloseTo(1000 / 5.25, 9);
  });
});

describe("chooseTimedTexts", () => {
  it("spreads them over the lengths that there are", () => {
    const texts = Array.from({ length: 100 }, (_, length) => "x".repeat(length));
    const lengths = chooseTimedTexts(texts, 4).map((text) => text.length);
    // The middle of each quarter.
    expect(lengths.toSorted((a, b) => a - b)).toEqual([12, 37, 62, 87]);
    expect(chooseTimedTexts(texts, 4)).toEqual(chooseTimedTexts(texts.toReversed(), 4));
  });

  it("takes every one of a few", () => {
    expect(chooseTimedTexts(["b", "a"], 10).sort()).toEqual(["a", "b"]);
  });
});

describe("timeInProcess", () => {
  it("times bundles and linear models, and brings errors and stops home", async () => {
    const folder = await mkdtemp(join(tmpdir(), "limbeck-timing-"));
    const draft = await draftTiny(folder, "bilstm");
    const linear = join(folder, "linear");
    const labels = TEXTS.map((_, index) => index % 2);
    await saveLinear(
      linear,
      await trainLinear({ texts: TEXTS, targets: { labels }, classes: 2, seed: 0 }),
    );
    const { signal } = new AbortController();
    const request = { texts: TEXTS, batchSize: 4, warmUp: 1 };
    const timings = await timeInProcess(
      {
        ...request,
        jobs: [
          { name: "student", kind: "bundle", folder: draft.folder },
          { name: "control", kind: "linear", folder: linear },
        ],
      },
      signal,
    );
    for (const name of ["student", "control"]) {
      const { oneText, batch } = timings.get(name)!;
      for (const value of [...Object.values(oneText), batch.textsPerSecond])
        expect(value).toBeGreaterThan(0);
      expect(oneText.p95Ms).toBeGreaterThanOrEqual(oneText.p50Ms);
    }
    const broken = {
      ...request,
      jobs: [{ name: "none", kind: "bundle" as const, folder: join(folder, "none") }],
    };
    await expect(timeInProcess(broken, signal)).rejects.toMatchObject({ code: "E_BUNDLE" });
    const stop = new AbortController();
    const stopped = timeInProcess(broken, stop.signal);
    stop.abort(new Error("enough"));
    await expect(stopped).rejects.toThrow("enough");
    await rm(folder, { recursive: true });
  });
});
