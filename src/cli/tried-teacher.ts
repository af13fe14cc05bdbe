import type { TriedTeacher, TriedText } from "../labelling/try-teacher.ts";
import { describeOutlay } from "../labelling/describe-outlay.ts";
import type { Style } from "./style.ts";
import { formatShare, formatTable } from "./table.ts";
import { formatDuration } from "./time-left.ts";
import { wrap } from "./wrap.ts";

/** Lines that a long text is shown in at most. */
const SHOWN_LINES = 3;

function textLines({ text, top, reason }: TriedText, style: Style, width: number): string[] {
  const lines = wrap(text.replaceAll(/\s+/g, " ").trim(), width);
  const shown = lines.slice(0, SHOWN_LINES);
  if (lines.length > SHOWN_LINES) shown.push(`${shown.pop()} …`);
  if (reason !== null) return [...shown, style.yellow(`  set aside: ${reason}`), ""];
  const [first = "", ...others] = formatTable(
    top.map(({ label, probability }) => [label, formatShare(probability)]),
  );
  return [...shown, `  ${style.bold(first)}`, ...others.map((line) => `  ${style.dim(line)}`), ""];
}

function duration(seconds: number): string {
  return seconds < 1 ? "less than a second" : formatDuration(seconds);
}

function corpusLine({ corpus, textsPerSecond }: TriedTeacher): string {
  const { texts, missing, seconds } = corpus;
  const all = texts.toLocaleString("en-US");
  if (missing === 0) return `The whole corpus: all ${all} texts have their labels in the store.`;
  const rate = textsPerSecond.toLocaleString("en-US", { maximumSignificantDigits: 3 });
  const what =
    missing === texts
      ? `${all} texts`
      : `${missing.toLocaleString("en-US")} of ${all} texts, the others being in the label store`;
  return `The whole corpus: ${what}, about ${duration(seconds)} at ${rate} texts/s.`;
}

/** Each text with its likeliest classes; then how fast that was, and what the whole corpus will take. */
export function formatTried(tried: TriedTeacher, style: Style, width: number): string[] {
  const { texts, openSeconds, timedTexts, corpus } = tried;
  const rate = tried.textsPerSecond.toLocaleString("en-US", { maximumSignificantDigits: 3 });
  const speed = `Speed: ${rate} texts/s here, ready after ${duration(openSeconds)}; measured on ${timedTexts.toLocaleString("en-US")} texts.`;
  const money = corpus.outlay === null ? [] : wrap(describeOutlay(corpus.outlay).join(" "), width);
  return [
    ...texts.flatMap((text) => textLines(text, style, width)),
    ...wrap(speed, width),
    ...wrap(corpusLine(tried), width),
    ...money,
  ];
}
