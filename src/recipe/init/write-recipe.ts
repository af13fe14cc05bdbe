import { thousands } from "../../texts/wording.ts";
import type { Inspection } from "./inspect.ts";

/** A YAML scalar: plain where that is safe, else in double quotes, which JSON shares with YAML. */
function scalar(value: string): string {
  const plain =
    /^[A-Za-z./][A-Za-z0-9_./-]*$/.test(value) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}

/** A recipe's name from a path: letters, digits, dots, hyphens and underscores. */
function nameFrom(path: string): string {
  const last =
    path
      .replaceAll("\\", "/")
      .split("/")
      .findLast((part) => part !== "" && !/[*?[\]{}]/.test(part)) ?? "";
  const stem = last.replace(/\.gz$/i, "").replace(/\.[^.]+$/, "");
  return stem.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "my-texts";
}

/** "Seconds" would be a promise; an estimate is given in minutes. */
function minutesInWords(minutes: number): string {
  if (minutes < 1.5) return "about a minute";
  return minutes < 90
    ? `about ${Math.round(minutes)} minutes`
    : `about ${Math.round(minutes / 6) / 10} hours`;
}

function classesInWords({ classes }: Inspection): string {
  const show = ({ name, texts }: Inspection["classes"][number]): string =>
    `${name} (${thousands(texts)})`;
  const shown =
    classes.length > 6
      ? [...classes.slice(0, 4).map(show), "…", show(classes.at(-1)!)]
      : classes.map(show);
  return `${thousands(classes.length)} ${classes.length === 1 ? "class" : "classes"}: ${shown.join(", ")}`;
}

function problemOf({ labels, columns, classes, texts }: Inspection): string | null {
  if (labels === "none") {
    return "No text has a label. A teacher needs some: write a CSV with the columns text,label, 10 to 50 texts for each class, and name it below as train.";
  }
  if (labels === "one-class") {
    return `Every label is "${classes[0]!.name}". Two classes are the least: add texts of another one, or name another column below.`;
  }
  if (labels === "many-valued") {
    return `The column "${columns.label ?? ""}" has ${thousands(classes.length)} different values in ${thousands(texts)} texts: ids or numbers, not classes. Name another column below.`;
  }
  return null;
}

/** What was found, in a few lines for the terminal. */
export function describeInspection(inspection: Inspection): string[] {
  const {
    path,
    format,
    columns,
    rows,
    texts,
    meanCharacters,
    labelledShare,
    labels,
    budget,
    minutes,
  } = inspection;
  const guessed = columns.guessed ? " (guessed from the header)" : "";
  const labelColumn = columns.label === null ? "no labels" : `labels in ${columns.label}`;
  const lines = [
    `${path}: ${format}, ${thousands(rows)} rows, ${thousands(texts)} different texts of ${thousands(Math.round(meanCharacters))} characters on average`,
    `texts in ${columns.text}, ${labelColumn}${guessed}`,
  ];
  if (labels !== "none")
    lines.push(
      `${classesInWords(inspection)}; ${Math.round(labelledShare * 100)} % of the texts have a label`,
    );
  const problem = problemOf(inspection);
  if (problem !== null) return [...lines, problem];
  return [
    ...lines,
    `labels to use: ${thousands(budget.labels)}${budget.labelled === "all" ? ", all" : ` (${budget.labelled.perClass} per class)`}, since ${budget.reason}`,
    `time for a run here: ${minutesInWords(minutes)} (an estimate)`,
  ];
}

function sourceLines({ path, columns, labels }: Inspection): string[] {
  if (labels === "none") {
    return [
      "  source:",
      "    train: labelled.csv # to be written by you: the columns text,label, 10 to 50 texts for each class",
      `    unlabeled: ${scalar(path)} # the transfer set: the teacher labels these texts, the student learns from them`,
    ];
  }
  const lines = [
    `  source: ${scalar(path)} # looked for beside this file, then in the working directory`,
    "  # source: { train: FILE, unlabeled: FILE, validation: FILE, test: FILE }   where you have several files",
  ];
  if (columns.label !== null && columns.label !== "sub-folder") {
    const why = columns.guessed ? "guessed from the header" : "as given";
    lines.push(
      `  columns: { text: ${scalar(columns.text)}, label: ${scalar(columns.label)} } # ${why}`,
    );
  }
  return lines;
}

function budgetLines({ budget, labels }: Inspection): string[] {
  if (labels === "none" || budget.labelled === "all") {
    return [`  labelled: all # or { perClass: N }, { count: N }: the gold labels that may be used`];
  }
  return [
    `  labelled: { perClass: ${budget.labelled.perClass} } # ${thousands(budget.labels)} gold labels are used: ${budget.reason}`,
    "  # labelled: all   uses every label there is: the best model, and nothing left to learn without labels",
  ];
}

/**
 * The commented recipe for texts that were looked at.
 *
 * @param file - name of the recipe's file, for the commands in its comments
 * @returns YAML that `loadRecipe` accepts; where the texts cannot be used as they are, its first lines say why.
 */
export function recipeFor(inspection: Inspection, file = "recipe.yaml"): string {
  const problem = problemOf(inspection);
  const found = describeInspection(inspection);
  return [
    `# npx limbeck run ${file}`,
    "#",
    ...(problem === null ? found : ["BEFORE YOU RUN IT:", problem, "", ...found.slice(0, -1)]).map(
      (line) => `# ${line}`.trimEnd(),
    ),
    "#",
    `# Every key that is not here has a default; npx limbeck recipe explain ${file} prints them with their reasons.`,
    `name: ${scalar(nameFrom(inspection.path))}`,
    "task: classification",
    "data:",
    ...sourceLines(inspection),
    ...budgetLines(inspection),
    "  testShare: 0.2 # of each class: kept aside for the last comparison, since no test file is named",
    "teacher:",
    "  kind: encoder-head # a frozen sentence encoder and a logistic regression fitted on the gold labels",
    "  model: teachers/minilm-l6-v2 # ships with the package; English",
    "student:",
    "  kind: bilstm # or transformer; a list compares several: [{ kind: bilstm }, { kind: transformer }]",
    "  embedding: { size: 128, init: teacher } # smaller is smaller: most of the bytes are vocabulary × this",
    "train:",
    "  loss: { kind: hinton, temperature: 2, alpha: 0 } # alpha > 0 mixes the gold labels in",
    "  epochs: 20",
    "  seeds: 3 # independent runs, so that the report can say how much is chance; 1 is three times as fast",
    "controls: [hard-label, linear, majority] # what the student must beat",
    "export: { formats: [onnx] }",
    "",
  ].join("\n");
}
