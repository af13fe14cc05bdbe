import { describe, expect, it } from "vitest";
import { LogTail } from "../../src/platform/log-tail.ts";
import { explainCrash, type Crash } from "../../src/training/crash.ts";

const crash = (more: Partial<Crash> = {}): string =>
  explainCrash({
    ...{ run: "bilstm/seed-1", code: 1, signal: null, workers: 4, log: [] },
    last: { step: 118, loss: 0.123456 },
    ...more,
  }).message;

describe("LogTail", () => {
  it("keeps the last eight lines, however they arrive", () => {
    const log = new LogTail();
    for (const chunk of ["0\n1\n\n2", "2\n", "3\n4\n5\n6\n7\n8\n9", "9"]) log.add(chunk);
    expect(log.last).toEqual(["22", "3", "4", "5", "6", "7", "8", "99"]);
    log.clear();
    expect(log.last).toEqual([]);
  });
});

describe("explainCrash", () => {
  it("tells which run it was, where it was and what it said", () => {
    expect(crash({ code: 3, log: ["Error: cable cut", "    at wire.ts:7"] })).toBe(
      "Expected the training of bilstm/seed-1 to finish, got exit code 3 after step 118, loss 0.1235. " +
        "Give the same command again: it goes on from the last checkpoint. " +
        "It said last:\nError: cable cut\n    at wire.ts:7",
    );
  });

  it("takes SIGKILL for full memory and advises half as many runs side by side", () => {
    expect(crash({ code: null, signal: "SIGKILL", last: null })).toBe(
      "Expected the training of bilstm/seed-1 to finish, got its process killed from outside (SIGKILL) before its first " +
        "step. That is what a system does whose memory is full. Train fewer runs side by side, " +
        "--set train.workers=2 instead of 4, or use a smaller train.batch. " +
        "Give the same command again: it goes on from the last checkpoint. It said nothing.",
    );
  });

  it("advises a smaller batch where one run alone filled the memory", () => {
    expect(crash({ signal: "SIGKILL", workers: 1 })).toContain(
      "Use a smaller train.batch, with train.accumulate for the same learning.",
    );
  });

  it("knows a full heap of Node by what it says", () => {
    const log = [
      "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    ];
    expect(crash({ code: null, signal: "SIGABRT", log })).toMatch(
      /got its process out of memory after step 118.*train\.workers=2 instead of 4/,
    );
  });

  it("gives no such advice for another signal", () => {
    const message = crash({ code: null, signal: "SIGSEGV" });
    expect(message).toContain("got SIGSEGV after step 118");
    expect(message).not.toContain("train.workers");
  });
});
