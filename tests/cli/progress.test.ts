import { describe, expect, it } from "vitest";
import { createJsonReporter } from "../../src/cli/json-reporter.ts";
import { createPlainReporter } from "../../src/cli/plain-reporter.ts";
import { createStyle } from "../../src/cli/style.ts";
import { barLine } from "../../src/cli/terminal-reporter.ts";
import { formatDuration, TimeLeft } from "../../src/cli/time-left.ts";
import type { ProgressEvent } from "../../src/types.ts";

type Progress = Extract<ProgressEvent, { kind: "progress" }>;

function progress(done: number, task = "seed 0"): Progress {
  return { kind: "progress", stage: "train", task, done, total: 1000, unit: "steps" };
}

describe("TimeLeft", () => {
  it("says nothing before half a second, then goes by the rate", () => {
    const left = new TimeLeft();
    expect(left.seconds(100)).toBeNull();
    left.update(0, 0);
    left.update(400, 4);
    expect(left.seconds(100)).toBeNull();
    left.update(1000, 10);
    // 10 a second, 90 are left
    expect(left.seconds(100)).toBeCloseTo(9, 10);
  });

  it("does not count what a resumed task had done before", () => {
    const left = new TimeLeft();
    left.update(0, 500);
    left.update(1000, 510);
    // 10 a second, 490 are left
    expect(left.seconds(1000)).toBeCloseTo(49, 10);
  });

  it("goes by the last twenty seconds only", () => {
    const left = new TimeLeft();
    for (let second = 0; second <= 100; second += 1) left.update(second * 1000, second);
    // ten times faster from here on
    for (let second = 1; second <= 30; second += 1)
      left.update((100 + second) * 1000, 100 + 10 * second);
    expect(left.seconds(1000)).toBeCloseTo(60, 10);
  });
});

describe("formatDuration", () => {
  it.each([
    [0.04, "0.0 s"],
    [3.25, "3.3 s"],
    [9.96, "10 s"],
    [59.4, "59 s"],
    [59.6, "1 min 00 s"],
    [125, "2 min 05 s"],
    [3600, "1 h 00 min"],
    [12_000, "3 h 20 min"],
  ])("%d", (seconds, expected) => {
    expect(formatDuration(seconds)).toBe(expected);
  });
});

describe("plain lines", () => {
  function record() {
    let clock = 0;
    const lines: string[] = [];
    const reporter = createPlainReporter(
      (text) => lines.push(text),
      createStyle(false),
      () => clock,
    );
    const at = (seconds: number, event: ProgressEvent): void => {
      clock = seconds * 1000;
      reporter.report(event);
    };
    return { lines, at };
  }

  it("shows each task every five seconds at most", () => {
    const { lines, at } = record();
    for (let second = 0; second <= 12; second += 0.5) {
      at(second, progress(second * 10));
      at(second, progress(second * 20, "seed 1"));
    }
    expect(lines).toEqual([
      // 10 and 20 steps a second: 950 and 900 are left after five seconds
      "          seed 0: 50 of 1,000 steps, 1 min 35 s left\n",
      "          seed 1: 100 of 1,000 steps, 45 s left\n",
      "          seed 0: 100 of 1,000 steps, 1 min 30 s left\n",
      "          seed 1: 200 of 1,000 steps, 40 s left\n",
    ]);
  });

  it("shows every other event as a line", () => {
    const { lines, at } = record();
    at(0, { kind: "stage-start", stage: "prepare", message: "reading texts" });
    at(0, { kind: "note", stage: "prepare", message: "column text was guessed" });
    at(0, { kind: "warning", stage: "prepare", message: "3 texts were cut" });
    at(1, { kind: "stage-end", stage: "prepare", seconds: 1.24, message: "770 labelled" });
    at(1, { kind: "stage-skip", stage: "label", message: "nothing has changed" });
    expect(lines.join("")).toBe(
      [
        "prepare   reading texts",
        "          column text was guessed",
        "          warning: 3 texts were cut",
        "          done in 1.2 s: 770 labelled",
        "label     skipped: nothing has changed",
        "",
      ].join("\n"),
    );
  });
});

describe("JSON lines", () => {
  it("keep every event but those that come too fast, and the last of a task", () => {
    let clock = 0;
    const lines: string[] = [];
    const reporter = createJsonReporter(
      (text) => lines.push(text),
      () => clock,
    );
    for (const [time, done] of [
      [0, 0],
      [100, 10],
      [600, 60],
      [650, 1000],
    ] as const) {
      clock = time;
      reporter.report(progress(done));
    }
    reporter.report({ kind: "stage-end", stage: "train", seconds: 1, message: "done" });
    reporter.say("not for machines");
    const events = lines.map(
      (line) => JSON.parse(line) as { kind: string; done?: number; time: string },
    );
    expect(events.map(({ kind, done }) => done ?? kind)).toEqual([0, 60, 1000, "stage-end"]);
    expect(events[1]!.time).toBe("1970-01-01T00:00:00.600Z");
    expect(
      lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1),
    ).toBe(true);
  });
});

describe("a bar", () => {
  it("shows the task, its share, and the time left", () => {
    expect(barLine(progress(250), 12, 100)).toBe(
      `  ${"seed 0".padEnd(24)} █████░░░░░░░░░░░░░░░  25 %  250/1,000 steps  12 s left`,
    );
  });

  it("is not wider than the terminal, and not fuller than full", () => {
    expect(barLine(progress(1500), null, 60)).toHaveLength(59);
    expect(barLine(progress(1500), null, 100)).toContain("████████████████████ 100 %");
    expect(barLine({ ...progress(0), total: 0 }, null, 100)).toContain("  0 %");
  });
});
