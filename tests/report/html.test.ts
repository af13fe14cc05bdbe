import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildReport } from "../../src/report/build-report.ts";
import { html } from "../../src/report/html/markup.ts";
import { writeHtml } from "../../src/report/html/page.ts";
import { writeMarkdown } from "../../src/report/markdown.ts";
import type { LimbeckReport } from "../../src/report/schema.ts";
import { makeRun } from "./synthetic-run.ts";

const CHROMIUM = "/usr/bin/chromium";

// What a corpus may hold: tags, quotes that end an attribute, entities, and marks that turn the direction of writing.
const HOSTILE = [
  "<script>window.hacked = 1</script>",
  '"><img src="https://example.org/x.png" onerror="window.hacked = 1">',
  "'];window.hacked=1//",
  "</style></svg></title><b id=hacked>",
  "\u202Eesrever\u202C & שלום",
];

async function makeHostileReport(): Promise<LimbeckReport> {
  const texts = Array.from({ length: 100 }, (_, index) => ({
    id: index.toString(16).padStart(32, "0"),
    text: `${HOSTILE[index % 5]!} number ${index}`,
    label: HOSTILE[index % 5]!,
  }));
  const { recipe, files } = await makeRun({ texts, classes: HOSTILE, signals: { teacher: 1 } });
  const { details } = files.manifests.prepare;
  details.notes.push(`guessed ${HOSTILE[0]!} and ${HOSTILE[1]!}`);
  details.columns[0]!.file = HOSTILE[3]!;
  const hostile = { ...recipe, name: HOSTILE[1]! };
  return buildReport(hostile, {
    ...files,
    environment: { processor: HOSTILE[0]!, platform: HOSTILE[3]! },
  });
}

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

describe.skipIf(!existsSync(CHROMIUM))("in a browser", () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "limbeck-report-"));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    const { recipe, files } = await makeRun({
      resamples: 100,
      students: ["bilstm", "transformer"],
    });
    await writeFile(join(folder, "plain.html"), writeHtml(buildReport(recipe, files)));
    await writeFile(join(folder, "hostile.html"), writeHtml(await makeHostileReport()));
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  describe.each(["plain.html", "hostile.html"])("%s", (name) => {
    it.each([1280, 768, 390])(
      "%i pixels wide: no request, no error, nothing cut off",
      async (width) => {
        const page = await browser.newPage({ viewport: { width, height: 844 } });
        const url = pathToFileURL(join(folder, name)).href;
        const requests: string[] = [];
        const complaints: string[] = [];
        page.on("request", (request) => requests.push(request.url()));
        page.on("console", (message) => complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.goto(url);
        const seen = await page.evaluate(() => ({
          wide: document.documentElement.scrollWidth - window.innerWidth,
          hacked: "hacked" in window || document.getElementById("hacked") !== null,
          charts: [...document.querySelectorAll("svg[role=img]")].filter(
            (one) => one.getBoundingClientRect().width > 0,
          ).length,
          rows: document.querySelectorAll("table.systems tbody tr").length,
          clipped: [...document.querySelectorAll("td, th, p, dd, h1, code")].filter(
            (one) => one.getBoundingClientRect().right > window.innerWidth + 0.5,
          ).length,
        }));
        await page.close();
        expect(requests.filter((one) => one !== url && !one.startsWith("data:"))).toEqual([]);
        expect(complaints).toEqual([]);
        expect(seen).toMatchObject({ wide: 0, hacked: false, clipped: 0 });
        expect(seen.rows).toBeGreaterThanOrEqual(6);
        expect(seen.charts).toBeGreaterThanOrEqual(4);
      },
    );
  });

  it("changes its colours with the scheme", async () => {
    const colour = async (colorScheme: "light" | "dark") => {
      const page = await browser.newPage({ colorScheme });
      await page.goto(pathToFileURL(join(folder, "plain.html")).href);
      const found = await page.evaluate(() => {
        const line = document.querySelector(".columns svg path[stroke='var(--student)']")!;
        return [getComputedStyle(document.body).backgroundColor, getComputedStyle(line).stroke];
      });
      await page.close();
      return found;
    };
    const [light, dark] = [await colour("light"), await colour("dark")];
    expect(light).toEqual(["rgb(251, 250, 247)", "rgb(10, 110, 92)"]);
    expect(dark).toEqual(["rgb(19, 21, 24)", "rgb(88, 196, 171)"]);
  });
});
