import type { Choice } from "../devices/choose-device.ts";
import type { DeviceReport } from "../devices/examine.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";
import { wrap } from "./wrap.ts";

const UNKNOWN = "—";
const threeDigits = new Intl.NumberFormat("en", {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

function row({ device, available, stepMs, difference }: DeviceReport): string[] {
  return [
    device,
    available ? "yes" : "no",
    stepMs === null ? UNKNOWN : `${threeDigits.format(stepMs)} ms`,
    device === "cpu" || difference === null ? UNKNOWN : difference.toExponential(1),
  ];
}

/** Beneath a device's name: what it needs, and what is the matter where it is not there. */
function explain({ device, needs, problem }: DeviceReport, width: number): string[] {
  const sentences = [`needs ${needs}.`, ...(problem === null ? [] : problem.split("\n"))];
  const lines = sentences.flatMap((sentence) => wrap(sentence, width - 2));
  return [device, ...lines.map((line) => `  ${line}`)];
}

/**
 * The devices beside each other, what each needs, and which of them `auto` means.
 *
 * @param width - columns to wrap the sentences to
 */
export function formatDevices(
  reports: readonly DeviceReport[],
  { reason }: Choice,
  style: Style,
  width = Infinity,
): string {
  const head = ["device", "there", "small step", "difference from cpu"];
  const [title = "", ...lines] = formatTable([head, ...reports.map(row)]);
  return [
    style.dim(title),
    ...lines.map((line, index) =>
      reports[index]?.available === true ? style.green(line) : style.dim(line),
    ),
    "",
    ...reports.flatMap((report) => explain(report, width)),
    "",
    ...wrap(`auto is ${reason}`, width),
  ].join("\n");
}
