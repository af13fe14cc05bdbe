import * as format from "../format.ts";
import type { LimbeckReport } from "../schema.ts";
import { drawCalibration, drawCurves, drawPlane } from "./charts-sections.ts";
import { drawClasses, drawConfusions } from "./errors-sections.ts";
import { foreign, html, trust, type Markup } from "./markup.ts";
import { drawData, drawMethod, drawNotes, drawProvenance } from "./provenance.ts";
import { STYLES } from "./styles.ts";
import { drawSystems } from "./systems-table.ts";

// The browser itself holds the page to it: no script, nothing from elsewhere.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** The report as one self-contained page: no script, no request, every text from outside escaped. */
export function writeHtml(report: LimbeckReport): string {
  const details = report.details.find(({ student }) => student === report.verdict.student);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <link rel="icon" href="data:," />
        <title>${report.name}: ${report.verdict.headline}</title>
        <style>
          ${trust(STYLES)}
        </style>
      </head>
      <body>
        <main>
          ${drawLead(report)}
          <div class="systems-block">${drawSystems(report)}</div>
          ${drawTrial(report)}
          ${drawPair(drawCurves(report), details ? drawConfusions(details) : null)}
          ${drawCalibration(report)} ${details ? drawClasses(details) : null} ${drawNotes(report)}
          <section>${drawData(report)}</section>
          <section>${drawMethod(report)}</section>
          <section>${drawProvenance(report)}</section>
          <footer class="label">
            Drawn by Limbeck from report.json beside this file, which holds every figure.
          </footer>
        </main>
      </body>
    </html> `;
  return page.source;
}

function drawLead(report: LimbeckReport): Markup {
  const { verdict, data, name, finishedAt } = report;
  const when = finishedAt === null ? "" : ` · ${finishedAt.slice(0, 10)}`;
  return html`<header>
      <p class="eyebrow">
        <b>${foreign(name)}</b> · ${format.count(data.budget)} gold labels,
        ${format.count(data.classes.length)} classes, ${format.count(data.rows.transfer)} unlabeled
        texts, ${format.count(data.rows.test)} test texts${when}
      </p>
      <h1>${verdict.headline}</h1>
    </header>
    <div class="lead">
      <div class="sentences">${verdict.sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>
      ${drawPlane(report)}
    </div>`;
}

/** The command that answers one text with the bundle, as typed in the run's folder. */
function drawTrial({ verdict, data, parity }: LimbeckReport): Markup | null {
  const bundle = parity.find(({ system }) => system === verdict.student);
  if (bundle === undefined || data.example === null) return null;
  return html`<p class="try">
    <span class="label">Try the student, in the folder of this run:</span>
    <code>npx limbeck predict export/${bundle.system} "${foreign(data.example)}"</code>
  </p>`;
}

function drawPair(left: Markup | null, right: Markup | null): Markup | null {
  if (left === null && right === null) return null;
  if (left === null || right === null) return html`<section>${left ?? right}</section>`;
  return html`<section class="pair">${left}${right}</section>`;
}
