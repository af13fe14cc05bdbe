import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { LimbeckReport, ReportSystem } from "../report/schema.ts";
import type { Style } from "./style.ts";
import { wrap } from "./wrap.ts";
import { formatBytes, formatShare, formatTable } from "./table.ts";

const UNKNOWN = "—";

function row({ name, seeds, metrics, size, speed }: ReportSystem): string[] {
  const { accuracy, agreement } = metrics;
  const interval =
    accuracy?.low == null || accuracy.high == null
      ? ""
      : `${(accuracy.low * 100).toFixed(1)} – ${(accuracy.high * 100).toFixed(1)}`;
  const bytes = size?.bytes.onnx ?? size?.bytes.files;
  return [
    seeds.length > 1 ? `${name} (${seeds.length} seeds)` : name,
    accuracy === null ? UNKNOWN : formatShare(accuracy.value),
    interval,
    agreement === null ? UNKNOWN : formatShare(agreement.value),
    bytes === undefined ? UNKNOWN : formatBytes(bytes),
    speed === null ? UNKNOWN : `${speed.p50Ms.toPrecision(3)} ms`,
  ];
}

function systemsTable(report: LimbeckReport, style: Style): string[] {
  const confidence = `${Math.round(report.method.confidence * 100)} % interval`;
  const head = ["system", "accuracy", confidence, "agreement", "size", "one text"];
  const [title = "", ...lines] = formatTable([head, ...report.systems.map(row)]);
  const emphasis = { teacher: style.bold, student: style.green, control: style.dim };
  return [
    style.dim(title),
    ...lines.map((line, index) => emphasis[report.systems[index]?.role ?? "control"](line)),
  ];
}

/** A word of a command line that the shell leaves as it is. */
export function quoteForShell(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}

/** A path as the user would type it: from the working directory where it lies below it. */
export function shortPath(path: string): string {
  const short = relative("", path);
  return short === "" ? "." : short.startsWith("..") ? path : short;
}

function tryCommand(folder: string, report: LimbeckReport): string[] {
  const best = report.systems.find(
    ({ name, role }) => role === "student" && name === report.verdict.student,
  );
  const variant = best?.variant ?? report.systems.find(({ role }) => role === "student")?.variant;
  const bundle = join(folder, "export", variant ?? "");
  if (variant === undefined || !existsSync(bundle)) return [];
  const shown = shortPath(bundle);
  const text = quoteForShell(report.data.example ?? "a text of yours");
  return [`bundle  ${shown}`, `try it  npx limbeck predict ${quoteForShell(shown)} ${text}`];
}

/**
 * The end of `run`: the systems beside each other, what the report says of them, and where everything lies.
 *
 * @param width - columns to wrap the sentences to
 */
export function formatResults(
  folder: string,
  report: LimbeckReport,
  style: Style,
  width = Infinity,
): string {
  return [
    "",
    ...systemsTable(report, style),
    "",
    ...report.verdict.sentences.flatMap((sentence) => wrap(sentence, width)),
    "",
    `report  ${shortPath(join(folder, "report", "report.html"))}`,
    ...tryCommand(folder, report),
  ].join("\n");
}
