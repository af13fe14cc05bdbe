import { resolve } from "node:path";
import type { StoreSurvey } from "../labels/survey.ts";
import { describeTerminal } from "../platform/terminal.ts";
import { show, type LabelsOptions } from "./labels-options.ts";
import { createStyle, type Style } from "./style.ts";
import { formatBytes, formatTable } from "./table.ts";

const UNKNOWN = "—";
/** More names than this are counted. */
const SHOWN_RUNS = 3;

/** `2026-11-21 20:07`, in the time of this machine. */
function formatMoment(iso: string | null): string {
  if (iso === null) return UNKNOWN;
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function formatRuns(runs: readonly string[]): string {
  if (runs.length === 0) return "no run here";
  const more = runs.length - SHOWN_RUNS;
  return runs.slice(0, SHOWN_RUNS).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function row(store: StoreSurvey): string[] {
  const { digest, kind, holds, width, texts, bytes, shards, written, runs } = store;
  const what = width === null ? UNKNOWN : `${width} ${holds === "vectors" ? "numbers" : "classes"}`;
  return [
    digest.slice(0, 12),
    kind ?? UNKNOWN,
    what,
    texts.toLocaleString("en-US"),
    formatBytes(bytes),
    shards.toLocaleString("en-US"),
    formatMoment(written),
    formatRuns(runs),
  ];
}

/** The stores beside each other, and below what is wrong with some. */
function formatStores(stores: readonly StoreSurvey[], style: Style, folder: string): string[] {
  if (stores.length === 0)
    return [
      `There is no label store in ${folder}. A recipe's labels are: npx limbeck label RECIPE`,
    ];
  const head = ["digest", "teacher", "each", "texts", "size", "shards", "written", "used by"];
  const [title = "", ...lines] = formatTable([head, ...stores.map(row)], [0, 1, 7]);
  const problems = stores.flatMap(({ digest, problems }) =>
    problems.map((problem) => style.yellow(`${digest.slice(0, 12)}: ${problem}`)),
  );
  const paint = ({ runs, holds }: StoreSurvey) =>
    runs.length === 0 ? style.dim : holds === "vectors" ? (text: string) => text : style.bold;
  return [
    style.dim(title),
    ...lines.map((line, index) => paint(stores[index]!)(line)),
    ...(problems.length === 0 ? [] : ["", ...problems]),
  ];
}

/** `limbeck labels ls`. */
export async function listLabels(options: LabelsOptions & { runs: string }): Promise<void> {
  const { surveyStores } = await import("../labels/survey.ts");
  const stores = await surveyStores(resolve(options.labels), resolve(options.runs));
  const style = createStyle(describeTerminal(process.stdout).colours);
  show(options, { stores }, () => formatStores(stores, style, options.labels));
}
