import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildReport } from "../../src/report/build-report.ts";
import { writeHtml } from "../../src/report/html/page.ts";
import { makeHostileReport } from "../report/hostile-report.ts";
import { makeRun } from "../report/synthetic-run.ts";

const CHROMIUM = "/usr/bin/chromium";

// On a developer's machine a browser is not asked for; .ci/run installs it, and counts a skipped test as a failure.
describe.skipIf(!existsSync(CHROMIUM))("report.html in a browser", () => {
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
