import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatResults, quoteForShell } from "../../src/cli/results.ts";
import { createStyle } from "../../src/cli/style.ts";
import { formatBytes } from "../../src/cli/table.ts";
import type { LimbeckReport, ReportSystem } from "../../src/report/schema.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-results-"));
  await mkdir(join(folder, "export", "small"), { recursive: true });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function system(
  name: string,
  role: ReportSystem["role"],
  accuracy: number | null,
  changes = {},
): ReportSystem {
  const known = (value: number) => ({
    value,
    low: value - 0.01,
    high: value + 0.01,
    deviation: null,
  });
  return {
    name,
    role,
    variant: "small",
    seeds: [{ seed: 0, accuracy, agreement: null }],
    metrics: {
      accuracy: accuracy === null ? null : known(accuracy),
      agreement: accuracy === null ? null : known(0.9),
    },
    size: null,
    speed: null,
    ...changes,
  } as unknown as ReportSystem;
}

function report(changes: Partial<LimbeckReport> = {}): LimbeckReport {
  const seed = { seed: 0, accuracy: 0.85, agreement: 0.9 };
  return {
    method: { confidence: 0.95 },
    data: { example: "my card was swallowed" },
    verdict: { student: "bilstm", sentences: ["It helped.", "It is smaller."] },
    systems: [
      system("teacher", "teacher", 0.8641, {
        size: { bytes: { files: 23_026_053 } },
        speed: { p50Ms: 1.234 },
      }),
      system("bilstm", "student", 0.853, {
        seeds: [seed, seed, seed],
        size: { bytes: { onnx: 2_504_321, files: 3_000_000 } },
        speed: { p50Ms: 0.115 },
      }),
      system("majority", "control", null),
    ],
    ...changes,
  } as unknown as LimbeckReport;
}

describe("formatResults", () => {
  it("sets the systems beside each other, then says what it means and where all lies", () => {
    const shown = formatResults(folder, report(), createStyle(false)).replaceAll(folder, "RUN");
    expect(shown).toBe(
      [
        "",
        "system            accuracy  95 % interval  agreement     size  one text",
        "teacher             86.4 %    85.4 – 87.4     90.0 %  23.0 MB   1.23 ms",
        "bilstm (3 seeds)    85.3 %    84.3 – 86.3     90.0 %  2.50 MB  0.115 ms",
        "majority                 —                         —        —         —",
        "",
        "It helped.",
        "It is smaller.",
        "",
        "report  RUN/report/report.html",
        "bundle  RUN/export/small",
        'try it  npx limbeck predict RUN/export/small "my card was swallowed"',
      ].join("\n"),
    );
  });

  it("wraps sentences to the terminal, between words", () => {
    const shown = formatResults(folder, report(), createStyle(false), 12).split("\n");
    expect(shown.slice(6, 9)).toEqual(["It helped.", "It is", "smaller."]);
  });

  it("does not name a bundle that is not there", async () => {
    const empty = await mkdtemp(join(tmpdir(), "limbeck-results-"));
    expect(formatResults(empty, report(), createStyle(false))).not.toContain("predict");
    await rm(empty, { recursive: true });
  });
});

describe("quoteForShell", () => {
  it.each([
    ["runs/quickstart/export/bilstm", "runs/quickstart/export/bilstm"],
    ["my card was swallowed", '"my card was swallowed"'],
    ["what's up?", '"what\'s up?"'],
    ["pay $5", "'pay $5'"],
    ['the "app" isn\'t', "'the \"app\" isn'\\''t'"],
  ])("%s", (word, expected) => {
    expect(quoteForShell(word)).toBe(expected);
  });
});

describe("formatBytes", () => {
  it.each([
    [12, "12 bytes"],
    [651_000, "651 kB"],
    [2_504_321, "2.50 MB"],
    [23_026_053, "23.0 MB"],
    [438_000_000, "438 MB"],
  ])("%d", (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });
});
