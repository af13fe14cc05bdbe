import { beforeAll, describe, expect, it } from "vitest";
import type { Interval } from "../../src/evaluation/percentile.ts";
import { buildReport } from "../../src/report/build-report.ts";
import type { Evidence } from "../../src/report/evidence.ts";
import type { LimbeckReport, ReportComparison, Verdict } from "../../src/report/schema.ts";
import { judgeGain, passVerdict } from "../../src/report/verdict.ts";
import { makeRun } from "./synthetic-run.ts";

/** A report whose figures the tests change. */
let base: LimbeckReport;

beforeAll(async () => {
  const { recipe, files } = await makeRun({ resamples: 100 });
  base = buildReport(recipe, files);
});

const around = (value: number, half: number): Interval => ({
  value,
  low: value - half,
  high: value + half,
});

interface Figures {
  toControl?: Interval | null;
  toTeacher?: Interval;
  toLinear?: Interval;
  pValue?: number;
  accuracy?: Interval;
  seeds?: number[];
}

/** The verdict where the student's figures are these. */
function judge(figures: Figures, change: (evidence: Evidence) => void = () => undefined): Verdict {
  const evidence: Evidence = structuredClone(base);
  const comparison = evidence.comparisons[0]!;
  const set = (name: string, accuracy: Interval | null): void => {
    comparison.differences[name] = { ...comparison.differences[name]!, accuracy };
  };
  set(
    "bilstm-hard-label",
    figures.toControl === undefined ? around(0.184, 0.014) : figures.toControl,
  );
  set("teacher", figures.toTeacher ?? around(0.002, 0.008));
  set("linear-teacher", figures.toLinear ?? around(0.015, 0.009));
  comparison.mcnemar = { seed: 0, studentOnly: 10, controlOnly: 2, pValue: figures.pValue ?? 1e-9 };
  const student = evidence.systems.find(({ name }) => name === "bilstm")!;
  student.metrics.accuracy = { ...(figures.accuracy ?? around(0.852, 0.012)), deviation: 0.003 };
  student.seeds = (figures.seeds ?? [0.85, 0.852, 0.854]).map((accuracy, seed) => ({
    ...{ seed, accuracy, agreement: 0.9 },
  }));
  change(evidence);
  return passVerdict(evidence);
}

describe("whether distillation helped", () => {
  it("needs the interval above 0 and a small p-value, both", () => {
    expect(judgeGain(around(0.05, 0.01), 0.001)).toBe("helped");
    expect(judgeGain(around(0.05, 0.01), 0.05)).toBe("within-noise");
    expect(judgeGain(around(0.05, 0.06), 0.001)).toBe("within-noise");
    expect(judgeGain({ value: 0.05, low: 0, high: 0.1 }, 0.001)).toBe("within-noise");
  });

  it("is no where the difference is not positive", () => {
    expect(judgeGain(around(-0.01, 0.02), 0.3)).toBe("did-not-help");
    expect(judgeGain(around(0, 0.02), 1)).toBe("did-not-help");
    expect(judgeGain(around(-0.05, 0.02), 0.001)).toBe("hurt");
  });

  it("is unknown without a control", () => {
    expect(judgeGain(null, 0.001)).toBe("no-control");
  });
});

describe("a student that helped and equals its teacher", () => {
  it("is praised with figures", () => {
    const verdict = judge({});
    expect(verdict).toMatchObject({ student: "bilstm", helped: true, pValue: 1e-9 });
    expect(verdict.findings).toEqual(["helped", "equal-to-teacher", "linear-behind"]);
    expect(verdict.headline).toBe("Distillation helped, and the student equals its teacher.");
    expect(verdict.sentences[0]).toMatch(
      /^bilstm gets 85\.2\u00a0% of 3,080 test texts right \(mean of 3 seeds\), level with/,
    );
    expect(verdict.sentences[0]).toContain("the same student on the 770 hard labels alone gets");
    expect(verdict.sentences[2]).toContain("gained 18.4 points");
    expect(verdict.sentences[2]).toContain(
      "(95\u00a0% interval +17.0 to +19.8, McNemar p < 0.001)",
    );
    expect(verdict.sentences[3]).toContain("stays 1.5 points behind");
  });

  it("costs what was measured", () => {
    // 22,972,370 ÷ 2,448,213 = 9.38 and 1.134 ÷ 0.1217 = 9.32.
    expect(judge({}).sentences[1]).toBe(
      "bilstm takes 2.45 MB instead of 23.0 MB (9.4× smaller) and answers a text in 0.12 ms instead of 1.13 ms " +
        "(9.3× faster; median on one thread, tokenization included).",
    );
  });

  it("that is slower is said to be slower", () => {
    const { sentences } = judge({}, (evidence) => {
      evidence.systems.find(({ name }) => name === "bilstm")!.speed!.p50Ms = 2.268;
    });
    expect(sentences[1]).toContain("(2.0× slower;");
  });

  it("without measurements says nothing of them", () => {
    const { sentences } = judge({}, (evidence) => {
      for (const system of evidence.systems) {
        system.speed = null;
        system.size = null;
      }
    });
    expect(sentences.join(" ")).not.toMatch(/MB|ms/);
  });
});

describe("disappointment is said plainly", () => {
  it("within noise", () => {
    const verdict = judge({ toControl: around(0.004, 0.01), pValue: 0.4 });
    expect(verdict.helped).toBe(false);
    expect(verdict.headline).toBe("Distillation's gain is within noise.");
    expect(verdict.sentences[2]).toContain(
      "is within noise (95\u00a0% interval −0.6 to +1.4, McNemar p = 0.400)",
    );
    expect(verdict.sentences.join(" ")).not.toContain("gained");
  });

  it("did not help", () => {
    const verdict = judge({ toControl: around(-0.004, 0.01), pValue: 0.4 });
    expect(verdict.helped).toBe(false);
    expect(verdict.headline).toBe("Distillation did not help.");
    expect(verdict.sentences[2]).toContain("did not help: −0.4 points");
  });

  it("hurt", () => {
    const verdict = judge({ toControl: around(-0.03, 0.01), pValue: 1e-4 });
    expect(verdict.helped).toBe(false);
    expect(verdict.headline).toBe("Distillation hurt: 3.0 points lost.");
    expect(verdict.sentences[2]).toContain(
      "the same student on the hard labels alone is 3.0 points better",
    );
  });

  it("below the teacher", () => {
    const verdict = judge({ toTeacher: around(-0.021, 0.01) });
    expect(verdict.findings).toContain("below-teacher");
    expect(verdict.headline).toBe(
      "Distillation helped, but the student stays 2.1 points below its teacher.",
    );
    expect(verdict.sentences[0]).toContain("2.1 points below its teacher's");
  });

  it("above the teacher", () => {
    const verdict = judge({ toTeacher: around(0.021, 0.01) });
    expect(verdict.findings).toContain("above-teacher");
    expect(verdict.headline).toBe(
      "Distillation helped, and the student beats its teacher by 2.1 points.",
    );
  });

  it("a linear model that does as well is the one to ship", () => {
    const verdict = judge({ toLinear: around(0.004, 0.009) });
    expect(verdict.findings).toContain("ship-linear");
    expect(verdict.headline).toBe("Distillation helped, but a linear model does as well.");
    expect(verdict.sentences[3]).toContain(
      "cannot be told apart from bilstm (95\u00a0% interval −0.5 to +1.3), in 5.93 MB",
    );
    // It is larger than the student's 2.45 MB.
    expect(verdict.sentences[3]).toContain("unless 2.45 MB against 5.93 MB matters");
  });

  it("a smaller linear model that does as well is the one to ship", () => {
    const verdict = judge({ toLinear: around(0.004, 0.009) }, ({ systems }) => {
      systems.find(({ name }) => name === "linear-teacher")!.size!.bytes = { files: 900_000 };
    });
    expect(verdict.sentences[3]).toContain("in 900 kB: ship that one.");
  });

  it("a linear model on the labels alone that is ahead, too", () => {
    const verdict = judge({}, ({ comparisons }) => {
      const { differences } = comparisons[0]!;
      differences["linear-labels"] = {
        ...differences["linear-labels"]!,
        accuracy: around(-0.02, 0.01),
      };
    });
    expect(verdict.findings).toContain("ship-linear");
    expect(verdict.sentences[3]).toMatch(
      /^A linear model on the gold labels alone beats bilstm by 2.0 points/,
    );
  });

  it("a linear model that is ahead is the one to ship", () => {
    const verdict = judge({ toLinear: around(-0.02, 0.009) });
    expect(verdict.findings).toContain("ship-linear");
    expect(verdict.sentences[3]).toContain("beats bilstm by 2.0 points");
  });

  it("too few test texts to tell", () => {
    const verdict = judge({
      accuracy: around(0.85, 0.08),
      toControl: around(0.04, 0.09),
      pValue: 0.3,
    });
    expect(verdict.helped).toBeNull();
    expect(verdict.headline).toBe("Too few test texts to tell.");
    expect(verdict.sentences.at(-1)).toContain("anything from 77.0\u00a0% to 93.0\u00a0%");
  });

  it("few test texts can still show a large gain", () => {
    const verdict = judge({ accuracy: around(0.85, 0.08) });
    expect(verdict.helped).toBe(true);
    expect(verdict.findings).toContain("too-few-texts");
    expect(verdict.sentences.at(-1)).toContain("too few to tell");
  });

  it("seeds that lie far apart", () => {
    const verdict = judge({ seeds: [0.85, 0.41, 0.84] });
    expect(verdict.findings).toContain("seeds-differ");
    expect(verdict.sentences.at(-1)).toContain("from 41.0\u00a0% to 85.0\u00a0%");
  });

  it("no control", () => {
    const verdict = judge({ toControl: null });
    expect(verdict.helped).toBeNull();
    expect(verdict.sentences[2]).toContain("unknown");
  });

  it("a gap that is no gap", () => {
    const { sentences } = judge({}, ({ comparisons }) => {
      comparisons[0]!.gapClosed = { value: null, reason: "both are alike" };
    });
    expect(sentences[2]).toContain(
      "the share of the gap closed is not defined, since both are alike",
    );
  });
});

describe("several students", () => {
  it("are judged by the one with the best validation score, whatever the test says", async () => {
    const { recipe, files } = await makeRun({
      resamples: 100,
      students: ["transformer", "bilstm"],
    });
    const report = buildReport(recipe, files);
    expect(report.verdict.student).toBe("transformer");
    expect(report.verdict.sentences.join(" ")).toMatch(/Beside it, bilstm gets \d/);
  });
});

describe("without gold labels", () => {
  it("agreement and cost remain", async () => {
    const { recipe, files } = await makeRun({
      classes: ["a", "b"],
      texts: Array.from({ length: 40 }, (_, index) => ({
        ...{ id: index.toString(16).padStart(32, "0"), text: `text ${index}`, label: null },
      })),
    });
    const { verdict } = buildReport(recipe, files);
    expect(verdict).toMatchObject({ helped: null, findings: ["no-labels"], gain: null });
    expect(verdict.sentences[0]).toMatch(
      /accuracy is unknown; bilstm agrees with its teacher on \d/,
    );
    expect(verdict.sentences[1]).toContain("9.4× smaller");
  });

  it("without any test text, too", async () => {
    const { recipe, files } = await makeRun({ classes: ["a", "b"], texts: [] });
    const report = buildReport(recipe, files);
    expect(report.verdict.headline).toBe("Nothing could be scored.");
    expect(report.verdict.sentences[1]).toContain("9.4× smaller");
    expect(report.systems.map(({ name }) => name)).toContain("bilstm");
  });
});

describe("the figures of the sentences", () => {
  it("follow the report", () => {
    const comparison: ReportComparison = base.comparisons[0]!;
    const gain = comparison.differences["bilstm-hard-label"]!.accuracy!;
    expect(base.verdict.gain).toEqual(gain);
    expect(base.verdict.sentences[2]).toContain((100 * gain.value).toFixed(1));
  });
});
