import { beforeAll, describe, expect, it } from "vitest";
import { buildReport } from "../../src/report/build-report.ts";
import { writeHtml } from "../../src/report/html/page.ts";
import { writeMarkdown } from "../../src/report/markdown.ts";
import { reportSchema } from "../../src/report/schema.ts";
import { makeRun } from "./synthetic-run.ts";

type Run = Awaited<ReturnType<typeof makeRun>>;

/** A run with a teacher on a server that answered few texts and none of the test's. */
function withForeignTeacher(run: Run): Run {
  const files = structuredClone({ ...run.files, testTexts: [...run.files.testTexts] });
  const { details } = files.manifests.label;
  Object.assign(details.teacher, { kind: "llm", parameters: null, bytes: null, maxLength: null });
  details.missing = { "refused by the server": 2, "not a class": 1 };
  details.calibration = {
    method: "temperature",
    temperature: 2.5,
    bias: null,
    digest: "d",
    fittedOn: "validation",
    texts: 200,
    before: { nll: 1.5, ece: 0.25 },
    after: { nll: 0.75, ece: 0.05 },
  };
  (files.speeds as Map<string, unknown>).delete("teacher");
  const { scores } = files;
  scores.test.unanswered = 40;
  scores.calibration = { before: { nll: 2, ece: 0.3 }, after: { nll: 1, ece: 0.1 } };
  return { recipe: run.recipe, files };
}

describe("a teacher that does not run here", () => {
  let run: Run;
  beforeAll(async () => {
    run = withForeignTeacher(await makeRun({ resamples: 100 }));
  }, 60_000);

  it("has words where others have numbers, and no sentence on ratios", () => {
    const report = reportSchema.parse(buildReport(run.recipe, run.files));
    const [teacher] = report.systems;
    expect(teacher).toMatchObject({ size: { parameters: null, bytes: {} }, speed: null });
    const page = writeHtml(report);
    expect(page).toContain("not known");
    expect(page).toContain("not timed");
    for (const drawn of [page, writeMarkdown(report), report.verdict.sentences.join(" ")]) {
      expect(drawn).not.toMatch(/NaN|undefined|Infinity|null/);
      expect(drawn).not.toMatch(/smaller\)|faster;/);
    }
  });

  it("says what it left unanswered and what calibration did, in every form of the report", () => {
    const report = buildReport(run.recipe, run.files);
    const coverage =
      "The teacher answered 13,038 of 13,041 texts (100.0 %). Without an answer: 2 refused by the server, 1 not a class; 40 of them are test texts.";
    const calibration =
      "divided by a temperature of 2.500, fitted on 200 gold validation texts. On those, by folds that the fit had not seen: " +
      "ECE 25.0 % before and 5.0 % after, NLL 1.500 and 0.750; on the test texts ECE 30.0 % before and 10.0 % after, NLL 2.000 and 1.000.";
    for (const drawn of [writeHtml(report), writeMarkdown(report)]) {
      const plain = drawn.replaceAll(/[\s\u00a0]+/g, " ");
      expect(plain).toContain(coverage.replaceAll("\u00a0", " "));
      expect(plain).toContain(calibration.replaceAll("\u00a0", " "));
    }
    expect(report.teacher.coverage).toEqual({
      texts: 13_041,
      unanswered: { "refused by the server": 2, "not a class": 1 },
    });
  });

  it("is left out of the verdict where it was not scored", () => {
    const { recipe, files } = structuredClone(run);
    const { scores } = files;
    const teacher = scores.systems.find(({ role }) => role === "teacher")!;
    for (const measure of Object.keys(teacher.measures))
      teacher.measures[measure as keyof typeof teacher.measures] = null;
    for (const comparison of scores.comparisons) {
      delete comparison.differences["teacher"];
      comparison.gapClosed = { value: null, reason: "the teacher answered too few" };
    }
    const { verdict } = buildReport(recipe, files);
    expect(verdict.headline).not.toContain("teacher");
    expect(verdict.sentences[0]).toMatch(
      /test texts right .*; the same student on the .* hard labels alone gets/,
    );
    expect(verdict.sentences.join(" ")).toContain("the teacher answered too few");
  });
});
