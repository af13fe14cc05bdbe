import { drawLearningCurves, STROKES } from "../charts/learning-curves.ts";
import { drawReliability } from "../charts/reliability.ts";
import { drawSizeAccuracy, findPoints } from "../charts/size-accuracy.ts";
import * as format from "../format.ts";
import type { LimbeckReport } from "../schema.ts";
import { foreign, html, trust, type Markup } from "./markup.ts";

const NARROW = { width: 350, height: 330 };

/** A chart drawn twice, so that its letters are legible on a phone too. */
function drawTwice(wide: string | null, narrow: string | null): Markup | null {
  if (wide === null || narrow === null) return null;
  return html`<div class="wide">${trust(wide)}</div>
    <div class="narrow">${trust(narrow)}</div>`;
}

/** The picture of the first screen: what each system scores at what size. */
export function drawPlane({ systems, method }: LimbeckReport): Markup | null {
  const charts = drawTwice(
    drawSizeAccuracy(systems, { width: 560, height: 350 }),
    drawSizeAccuracy(systems, NARROW),
  );
  if (charts === null) return null;
  const drawn = new Set(findPoints(systems).map(({ name }) => name));
  const left = systems.filter(({ name, metrics }) => !drawn.has(name) && metrics.accuracy);
  const missing = left.map(
    ({ name, metrics }) => `${name} (${format.percent(metrics.accuracy!.value)})`,
  );
  return html`<figure>
    ${charts}
    <figcaption>
      Accuracy on the test texts with its ${format.percent(method.confidence, 0)} interval, over the
      bytes that would be shipped.${missing.length > 0 ? ` Not drawn: ${missing.join(", ")}.` : ""}
    </figcaption>
  </figure>`;
}

/** How the students learned. */
export function drawCurves({ training, data }: LimbeckReport): Markup | null {
  const name =
    data.validation === "gold"
      ? "Share of the validation texts with the gold class"
      : "Share of held-out texts with the teacher's class";
  const charts = drawTwice(
    drawLearningCurves(training.curves, { width: 500, height: 300 }, name),
    drawLearningCurves(training.curves, NARROW, name),
  );
  if (charts === null) return null;
  const students = training.curves.filter(({ role }) => role === "student");
  const seeds = new Set(students.map(({ seed }) => seed)).size;
  return html`<div>
    <h2>Learning curves</h2>
    <p class="hint">
      ${name}, after each epoch${seeds > 1 ? `, one line for each of ${seeds} seeds` : ""}; the best
      epoch is kept.${describeStrokes([...new Set(students.map(({ system }) => system))])}
    </p>
    <figure>${charts}</figure>
  </div>`;
}

function describeStrokes(names: readonly string[]): string {
  if (names.length < 2) return "";
  const last = STROKES.length - 1;
  return ` ${names.map((name, index) => `${name}: ${STROKES[Math.min(index, last)]!}`).join(", ")}.`;
}

/** Whether confidences can be believed: teacher, students and hard-label controls side by side. */
export function drawCalibration({ reliability, systems, method }: LimbeckReport): Markup | null {
  const shown = systems.filter(({ kind }) => kind !== "linear" && kind !== "majority");
  const figures = shown.flatMap(({ name, role, metrics }) => {
    const found = reliability.find(({ system }) => system === name);
    if (found === undefined) return [];
    const chart = drawReliability(found.bins, role, { width: 320, height: 260 });
    return html`<figure>
      <h3>
        ${foreign(name)} <span class="label">ECE ${format.percent(metrics.ece?.value ?? 0)}</span>
      </h3>
      ${trust(chart)}
    </figure>`;
  });
  if (figures.length === 0) return null;
  return html`<section>
    <h2>Calibration</h2>
    <p class="hint">
      How often a prediction is right, by how sure the system is, in ${method.bins} bins of equal
      width; a dot's area is its share of the texts. On the dashed line confidence is honest, below
      it the system is too sure, above it not sure enough. Of systems with several seeds, the
      exported one is drawn; ECE is their mean.
    </p>
    <div class="columns">${figures}</div>
  </section>`;
}
