import { describeCalibration, describeCoverage } from "../describe-teacher.ts";
import { stringify } from "yaml";
import * as format from "../format.ts";
import type { LimbeckReport } from "../schema.ts";
import { describeTraining } from "../training-settings.ts";
import { foreign, html, type Content, type Markup } from "./markup.ts";

type Fact = [term: string, description: Content];

/** Where the texts come from and what was done to them. */
export function drawData(report: LimbeckReport): Markup {
  const { data } = report;
  const { rows, counts } = data;
  const { count } = format;
  const held =
    data.validation === "gold"
      ? "with gold labels, counted in the budget"
      : "held out of the transfer set, with the teacher's labels";
  const facts: Fact[] = [
    [
      "Label budget",
      `${count(data.budget)} gold labels over ${count(data.classes.length)} classes`,
    ],
    ["Transfer set", `${count(rows.transfer)} texts without a gold label`],
    ["Teacher's labels", describeCoverage(report)],
    ["Validation", `${count(rows.validation)} texts, ${held}`],
    [
      "Test",
      `${count(rows.test)} texts, ${count(data.testLabels)} of them with a gold label that nothing read before the comparison${data.testUnanswered === 0 || data.testLabels + data.testUnanswered > rows.test ? "" : ", and with the teacher's answer"}`,
    ],
    ["Read", describeCounts(counts)],
    ["Columns", joinLines(data.columns.map(describeColumn))],
  ];
  return drawFacts("Data", facts);
}

const STARTS: Readonly<Record<string, string>> = {
  teacher: "the teacher's",
  shipped: "the shipped encoder's, since the teacher has none",
  random: "random numbers",
};

/** How figures were obtained. */
export function drawMethod(report: LimbeckReport): Markup {
  const { method, systems, parity, training } = report;
  const { count, percent } = format;
  const shipped = training.embeddings === "shipped";
  const seeds = Math.max(...systems.map((system) => system.seeds.length), 1);
  const facts: Fact[] = [
    [
      "Intervals",
      `${percent(method.confidence, 0)}, percentile bootstrap over ${count(method.texts)} test texts, ${count(method.resamples)} resamples (seed ${method.seed}); the same resamples for all systems, so that differences are paired. Scores of several seeds are their mean; ± is the sample deviation over ${seeds === 1 ? "the seeds" : `${seeds} seeds`}.`,
    ],
    [
      "Gap closed",
      "(student − hard-label control) ÷ (teacher − hard-label control), in accuracy, means over the seeds.",
    ],
    [
      "McNemar",
      "exact and two-sided: the exported seed of the student (best validation score, the first of equals) against the control of the same seed.",
    ],
    ["Agreement", "share of the test texts on which a system's class is the teacher's."],
    [
      "ECE",
      `expected calibration error, ${method.bins} bins of equal width. Brier scores in report.json are sums over the classes, 0 to 2.`,
    ],
    ["Calibration", describeCalibration(report)],
    [
      "Speed",
      "median time for one text on one thread, on the exported files, tokenization included, all systems answering in turns. Linear models run in plain JavaScript.",
    ],
    [
      "Parity",
      joinLines(
        parity.map(
          (one) =>
            `${one.system}: exported logits differ by at most ${one.largestDifference.toExponential(1)} from the trained student's on ${count(one.texts)} ${one.split} texts (allowed ${one.tolerance.toExponential(0)})`,
        ),
      ),
    ],
    ["Training", training.settings && describeTraining(training.settings)],
    [
      "Vocabulary",
      `${count(training.vocabulary.pieces)} of ${shipped ? "the shipped encoder's" : "the teacher's"} ${count(training.vocabulary.fullPieces)} pieces; embeddings started from ${STARTS[training.embeddings] ?? training.embeddings}`,
    ],
  ];
  return drawFacts("Method", facts);
}

/** What made this report: machine, versions, digests, seeds, time, and the recipe with every default. */
export function drawProvenance(report: LimbeckReport): Markup {
  const { environment, teacher, stages } = report;
  const facts: Fact[] = [
    [
      "Teacher",
      html`${foreign(teacher.kind)} <span class="digest">${teacher.digest.slice(0, 16)}</span>`,
    ],
    ["Machine", describeMachine(environment)],
    ["Versions", describeVersions(environment)],
    [
      "Stages",
      joinLines(
        stages.map(
          ({ stage, seconds, digest }) =>
            html`${stage}, ${format.duration(seconds)}
              <span class="digest">${digest.slice(0, 16)}</span>`,
        ),
      ),
    ],
  ];
  return html`${drawFacts("Provenance", facts)}
    <details>
      <summary>The recipe, every default written out</summary>
      <pre dir="auto">${stringify(report.recipe)}</pre>
    </details>`;
}

/** What the stages wish to be known. */
export function drawNotes({ notes }: LimbeckReport): Markup | null {
  if (notes.length === 0) return null;
  return html`<section>
    <h2>Notes</h2>
    <ul class="notes">
      ${notes.map((note) => html`<li>${foreign(note)}</li>`)}
    </ul>
  </section>`;
}

function drawFacts(title: string, facts: readonly Fact[]): Markup {
  const known = facts.filter(([, description]) => description !== null && description !== "");
  return html`<h2>${title}</h2>
    <dl>
      ${known.map(
        ([term, description]) =>
          html`<dt>${term}</dt>
            <dd>${description}</dd>`,
      )}
    </dl>`;
}

function joinLines(lines: readonly Content[]): Content {
  if (lines.length === 0) return null;
  return lines.map((line, index) => (index === 0 ? line : html`<br />${line}`));
}

function describeCounts(counts: LimbeckReport["data"]["counts"]): string {
  const { count } = format;
  const said: [number, string][] = [
    [counts.duplicates, "duplicates dropped"],
    [counts.alsoInEvaluation, "left the transfer set since they are in validation or test"],
    [counts.empty, "empty"],
    [counts.truncated, "cut to the limit of characters"],
  ];
  const parts = said.filter(([many]) => many > 0).map(([many, what]) => `${count(many)} ${what}`);
  return [`${count(counts.read)} texts`, ...parts].join(", ");
}

function describeColumn(column: LimbeckReport["data"]["columns"][number]): Markup {
  const label = column.label === null ? "no label" : html`labels in “${foreign(column.label)}”`;
  const guessed = column.guessed ? " (guessed from the header)" : "";
  return html`${foreign(column.file)}: texts in “${foreign(column.text)}”, ${label}${guessed}`;
}

function describeMachine(environment: Readonly<Record<string, unknown>>): string {
  const memory = environment["memoryBytes"];
  const cores = environment["cores"];
  return [
    asText(environment["processor"]),
    typeof cores === "number" ? `${cores} cores` : null,
    typeof memory === "number" ? `${format.bytes(memory)} of memory` : null,
    asText(environment["platform"]),
  ]
    .filter((part) => part !== null)
    .join(", ");
}

function describeVersions(environment: Readonly<Record<string, unknown>>): string {
  return ["limbeck", "node", "onnxruntime", "transformers", "tensorflow"]
    .flatMap((name) => {
      const version = asText(environment[name]);
      return version === null ? [] : [`${name} ${version}`];
    })
    .join(", ");
}

function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
