import { beforeAll, describe, expect, it } from "vitest";
import { buildReport } from "../../src/report/build-report.ts";
import { html } from "../../src/report/html/markup.ts";
import { writeHtml } from "../../src/report/html/page.ts";
import { writeMarkdown } from "../../src/report/markdown.ts";
import type { LimbeckReport } from "../../src/report/schema.ts";
import { makeHostileReport } from "./hostile-report.ts";
import { makeRun } from "./synthetic-run.ts";

describe("markup", () => {
  it("escapes values, in attributes too, but not markup of its own", () => {
    const title = `"'><&`;
    expect(html`<a title="${title}">${html`<b>${title}</b>`}${[null, 1, "<"]}</a>`.source).toBe(
      '<a title="&quot;&#39;&gt;&lt;&amp;"><b>&quot;&#39;&gt;&lt;&amp;</b>1&lt;</a>',
    );
  });
});

describe("the page as text", () => {
  let report: LimbeckReport;
  let page: string;
  beforeAll(async () => {
    const { recipe, files } = await makeRun({ resamples: 100 });
    report = buildReport(recipe, files);
    page = writeHtml(report);
  });

  it("holds the sentences, a row for each system, and its figures", () => {
    const plain = page.replaceAll("&#39;", "'").replaceAll("&lt;", "<");
    for (const sentence of report.verdict.sentences) expect(plain).toContain(sentence);
    for (const { name, metrics } of report.systems) {
      expect(page).toContain(`<bdi>${name}</bdi>`);
      expect(page).toContain(`${(100 * metrics.accuracy!.value).toFixed(1)}\u00a0%`);
    }
  });

  it("says in one line how the students were trained, in Markdown too", () => {
    const line =
      "AdamW (β₁ 0.9, β₂ 0.999, ε 1e-8, weight decay 0.01); learning rate 0.002 at its peak, linear schedule, " +
      "warm-up over 10\u00a0% of the steps; a batch of 64 texts per update; on cpu";
    expect(page).toContain(`<dt>Training</dt>\n            <dd>${line}</dd>`);
    expect(writeMarkdown(report)).toContain(`\nTraining: ${line}.\n`);
  });

  it("is small and names no other place", () => {
    expect(Buffer.byteLength(page)).toBeLessThan(500_000);
    expect(
      page.match(/https?:\/\/[^"]+/g)?.filter((url) => !url.startsWith("http://www.w3.org/")),
    ).toEqual([]);
    expect(page).not.toContain("<script");
  });

  it("says the same in Markdown", () => {
    const markdown = writeMarkdown(report);
    expect(markdown).toContain(`**${report.verdict.headline}**`);
    const { accuracy } = report.systems[0]!.metrics;
    expect(markdown).toContain(`| teacher | ${(100 * accuracy!.value).toFixed(1)}\u00a0% (`);
    expect(markdown).toContain("| gold | student says | texts |");
  });
});

describe("a hostile corpus", async () => {
  const report = await makeHostileReport();

  it("leaves no tag of its own in the page", () => {
    const page = writeHtml(report);
    expect(page).not.toContain("<script");
    expect(page).not.toContain("<img");
    expect(page).not.toContain("<b id");
    expect(page).toContain("&lt;script&gt;window.hacked = 1&lt;/script&gt;");
  });

  it("cannot reorder what stands around it", () => {
    const page = writeHtml(report);
    expect(page.split("\u202E").length).toBeGreaterThan(1);
    expect(page.match(/(?<!<bdi>)\u202Eesrever/g)).toBeNull();
  });

  it("leaves no tag and breaks no table in Markdown", () => {
    const markdown = writeMarkdown(report);
    expect(markdown).not.toMatch(/(?<!\\)<(script|img|b )/);
    for (const line of markdown.split("\n").filter((one) => one.startsWith("| "))) {
      expect(line).toMatch(/\|$/);
    }
  });
});
