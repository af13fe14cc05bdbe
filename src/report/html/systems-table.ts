import { shippedBytes } from "../evidence.ts";
import * as format from "../format.ts";
import type { LimbeckReport, ReportSystem } from "../schema.ts";
import { foreign, html, trust, type Content, type Markup } from "./markup.ts";

const LEARNED: Readonly<Record<ReportSystem["targets"], string>> = {
  gold: "learned elsewhere",
  soft: "learned from the teacher",
  "hard-labels": "learned from the labels alone",
  none: "learned nothing",
};

/** Where teachers of a kind have their answers from. */
const TEACHERS: Readonly<Record<string, string>> = {
  "encoder-head": "pretrained, head on the labels",
  ensemble: "the weighted mean of its members",
  precomputed: "answers from a file",
  classifier: "pretrained, as it is",
  "zero-shot": "pretrained, no label read",
  "fine-tuned": "pretrained, fine-tuned on the labels",
  llm: "asked on a server",
};

/** The one table: what every system scores, and what it costs. */
export function drawSystems({ systems, method }: LimbeckReport): Markup {
  const range = commonRange(systems);
  const level = format.percent(method.confidence, 0);
  return html`<table class="systems">
    <thead>
      <tr>
        <th>System</th>
        <th class="number">Accuracy</th>
        <th class="range">${level} interval</th>
        <th class="number">Macro F1</th>
        <th class="number">Agreement</th>
        <th class="number">ECE</th>
        <th class="number">Size</th>
        <th class="number">One text</th>
      </tr>
    </thead>
    <tbody>
      ${systems.map((system) => drawRow(system, range, level))}
    </tbody>
  </table>`;
}

function drawRow(system: ReportSystem, range: { min: number; max: number }, level: string): Markup {
  const { name, role, kind, targets, metrics, speed } = system;
  const { accuracy, macroF1, agreement, ece } = metrics;
  const learned = role === "teacher" ? (TEACHERS[kind] ?? LEARNED[targets]) : LEARNED[targets];
  const about = kind === "majority" ? "always the commonest label" : learned;
  const described = kind === name || role === "control" ? about : `${kind}, ${about}`;
  const percent = (value: number | undefined): string | null =>
    value === undefined ? null : format.percent(value);
  return html`<tr class="${role}">
    <td class="name">
      <span class="mark ${role}"></span>${foreign(name)}<small>${described}</small>
    </td>
    ${drawCell("Accuracy", percent(accuracy?.value), describeSeeds(system))}
    ${drawInterval(system, range, level)} ${drawCell("Macro F1", percent(macroF1?.value))}
    ${drawCell("Agreement", role === "teacher" ? null : percent(agreement?.value))}
    ${drawCell("ECE", percent(ece?.value))} ${drawSize(system)}
    ${drawCell("One text", speed && format.milliseconds(speed.p50Ms), describeTail(system))}
  </tr>`;
}

function drawCell(label: string, value: string | null, below: string | null = null): Markup {
  const none = value === null ? " none" : "";
  const sub: Content = below === null ? null : html`<span class="sub">${below}</span>`;
  return html`<td class="number${none}" data-label="${label}">${value ?? "–"}${sub}</td>`;
}

/** Point and bounds: a picture where there is room, and the numbers. */
function drawInterval(
  system: ReportSystem,
  range: { min: number; max: number },
  level: string,
): Markup {
  const { accuracy } = system.metrics;
  const known = accuracy && accuracy.low !== null && accuracy.high !== null ? accuracy : null;
  const bounds =
    known && `${(100 * known.low!).toFixed(1)}–${(100 * known.high!).toFixed(1)}\u00a0%`;
  return html`<td class="range${known ? "" : " none"}" data-label="${level} interval">
    ${drawRange(system, range)}<span class="sub">${bounds}</span>
  </td>`;
}

/** `±0.3, 3 seeds`. */
function describeSeeds({ metrics: { accuracy }, seeds }: ReportSystem): string | null {
  if (!accuracy || accuracy.deviation === null) return null;
  return `±${(100 * accuracy.deviation).toFixed(1)}, ${seeds.length} seeds`;
}

/** A teacher that does not run on this machine has a word where students have numbers. */
function describeTail({ speed, role }: ReportSystem): string | null {
  if (speed) return `p95 ${format.milliseconds(speed.p95Ms)}`;
  return role === "teacher" ? "not timed" : null;
}

function drawSize(system: ReportSystem): Markup {
  const size = shippedBytes(system);
  const { size: known } = system;
  const below =
    known === null || !known.parameters
      ? system.role === "teacher" && size === null
        ? "not known"
        : null
      : `${format.parameters(known.parameters)} parameters`;
  return drawCell("Size", size === null ? null : format.bytes(size), below);
}

function commonRange(systems: readonly ReportSystem[]): { min: number; max: number } {
  const rivals = systems.filter(({ kind }) => kind !== "majority");
  const known = rivals.flatMap(({ metrics: { accuracy } }) => (accuracy ? [accuracy] : []));
  const min = Math.min(...known.map(({ low, value }) => low ?? value));
  const max = Math.max(...known.map(({ high, value }) => high ?? value));
  return { min, max };
}

/** Point and interval on the scale that all rows share. A system off the scale has an arrow. */
function drawRange(
  system: ReportSystem,
  { min, max }: { min: number; max: number },
): Markup | null {
  const { accuracy } = system.metrics;
  if (!accuracy || max <= min) return null;
  const place = (value: number): number => 6 + (138 * (value - min)) / (max - min);
  const axis = '<line x1="0" x2="150" y1="8" y2="8" stroke="var(--rule)"/>';
  const colour = `var(--${system.role})`;
  const mark =
    accuracy.value < min
      ? `<path d="M8 4L2 8L8 12" fill="none" stroke="${colour}" stroke-width="1.5"/>`
      : `<line x1="${place(accuracy.low ?? accuracy.value).toFixed(1)}" x2="${place(accuracy.high ?? accuracy.value).toFixed(1)}" y1="8" y2="8" stroke="${colour}" stroke-width="3" stroke-opacity=".45"/>` +
        `<circle cx="${place(accuracy.value).toFixed(1)}" cy="8" r="4" fill="${colour}"/>`;
  return trust(`<svg viewBox="0 0 150 16" aria-hidden="true">${axis}${mark}</svg>`);
}
