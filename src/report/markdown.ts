import { describeCalibration, describeCoverage } from "./describe-teacher.ts";
import { shippedBytes } from "./evidence.ts";
import * as format from "./format.ts";
import type { LimbeckReport, ReportSystem } from "./schema.ts";
import { describeTraining } from "./training-settings.ts";

/** The report for a terminal, a pull request or a model card. */
export function writeMarkdown(report: LimbeckReport): string {
  const { name, verdict, data, method, training } = report;
  const lines = [
    `# ${escapeMarkdown(name)}`,
    "",
    `**${verdict.headline}**`,
    "",
    ...verdict.sentences.map((sentence) => `- ${escapeMarkdown(sentence)}`),
    "",
    ...drawTable(report),
    "",
    `${format.percent(method.confidence, 0)} intervals by bootstrap over ${format.count(method.texts)} test texts ` +
      `(${format.count(method.resamples)} resamples); ± is the deviation over seeds. Agreement is with the teacher. ` +
      "Time: median for one text on one thread, tokenization included.",
    "",
    `Data: ${format.count(data.budget)} gold labels over ${format.count(data.classes.length)} classes, ` +
      `${format.count(data.rows.transfer)} unlabeled texts, ${format.count(data.rows.validation)} held out, ` +
      `${format.count(data.rows.test)} test texts.`,
    ...[describeCoverage(report), describeCalibration(report)].flatMap((sentence) =>
      sentence === null ? [] : ["", escapeMarkdown(sentence)],
    ),
    ...(training.settings ? ["", `Training: ${describeTraining(training.settings)}.`] : []),
    ...drawConfusions(report),
    ...drawNotes(report),
  ];
  return `${lines.join("\n")}\n`;
}

function drawTable({ systems, method }: LimbeckReport): string[] {
  const level = format.percent(method.confidence, 0);
  return [
    `| system | accuracy (${level} interval) | macro F1 | agreement | ECE | size | one text |`,
    "|---|---|---|---|---|---|---|",
    ...systems.map((system) => `| ${drawRow(system).join(" | ")} |`),
  ];
}

function drawRow(system: ReportSystem): string[] {
  const { accuracy, macroF1, agreement, ece } = system.metrics;
  const percent = (value: number | undefined): string =>
    value === undefined ? "–" : format.percent(value);
  const bytes = shippedBytes(system);
  return [
    escapeMarkdown(system.name),
    accuracy ? `${percent(accuracy.value)}${describeSpread(accuracy)}` : "–",
    percent(macroF1?.value),
    percent(agreement?.value),
    percent(ece?.value),
    bytes === null ? "–" : format.bytes(bytes),
    system.speed ? format.milliseconds(system.speed.p50Ms) : "–",
  ];
}

function describeSpread(summary: NonNullable<ReportSystem["metrics"]["accuracy"]>): string {
  const { low, high, deviation } = summary;
  const seeds = deviation === null ? "" : ` ± ${(100 * deviation).toFixed(1)}`;
  if (low === null || high === null) return seeds;
  return `${seeds} (${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)})`;
}

function drawConfusions({ details, verdict }: LimbeckReport): string[] {
  const pairs = details.find(({ student }) => student === verdict.student)?.confusions ?? [];
  if (pairs.length === 0) return [];
  return [
    "",
    "## Commonest confusions",
    "",
    "| gold | student says | texts |",
    "|---|---|---|",
    ...pairs.slice(0, 10).map(({ gold, predicted, texts, share }) => {
      const [from, to] = [escapeMarkdown(gold), escapeMarkdown(predicted)];
      return `| ${from} | ${to} | ${format.count(texts)} (${format.percent(share, 0)}) |`;
    }),
  ];
}

function drawNotes({ notes }: LimbeckReport): string[] {
  if (notes.length === 0) return [];
  return ["", "## Notes", "", ...notes.map((note) => `- ${escapeMarkdown(note)}`)];
}

/** Text that means itself in Markdown and in a table's cell, and cannot smuggle in HTML. */
function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*[\]|#]|<(?=[A-Za-z/!?])|&(?=[A-Za-z#])|\b_(?=\s|$)|(?<=^|\s)_/g, "\\$&");
}
