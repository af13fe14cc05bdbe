import { stringify } from "yaml";
import type { SystemSpeed } from "./speed.ts";
import type { BundleBytes } from "./write.ts";

/** A figure with its interval. */
export interface CardFigure {
  value: number;
  low: number | null;
  high: number | null;
}

/** A row of the card's table of scores. */
export interface CardScore {
  name: string;
  role: "teacher" | "student" | "control";
  accuracy: CardFigure | null;
  macroF1: CardFigure | null;
  agreement: CardFigure | null;
}

export interface CardFacts {
  /** Name of the student and of the recipe. */
  name: string;
  recipe: string;
  kind: string;
  labels: readonly string[];
  parameters: number;
  bytes: BundleBytes;
  maxLength: number;
  /** Seed of the shipped run, and how many there are. */
  seed: number;
  seeds: number;
  teacher: {
    kind: string;
    model: string | null;
    bytes: number | null;
    /** Whose terms apply to its answers; null where it ran on the user's machine. */
    provider: { name: string; url: string } | null;
  };
  data: {
    source: string;
    /** Texts that it learned from; how many of them had a gold label. */ texts: number;
    labelled: number;
  };
  /** Null where nothing was scored. */
  scores: { texts: number; confidence: number; systems: readonly CardScore[] } | null;
  speeds: readonly SystemSpeed[];
  processor: string;
  version: string;
}

/** The bundle's README.md: a model card in Hugging Face form. */
export function renderCard(facts: CardFacts): string {
  const sections = [
    frontMatter(facts),
    introduction(facts),
    ...usage(facts),
    ...scoreTable(facts),
    ...speedTable(facts),
    ...limits(facts),
  ];
  return `${sections.join("\n\n")}\n`;
}

function frontMatter({ name, recipe, scores }: CardFacts): string {
  const own = scores?.systems.find((system) => system.name === name);
  const metrics = [
    ["accuracy", own?.accuracy],
    ["f1", own?.macroF1],
  ].flatMap(([type, figure]) =>
    figure
      ? [
          {
            type,
            value: round((figure as CardFigure).value),
            name: type === "f1" ? "Macro F1" : "Accuracy",
          },
        ]
      : [],
  );
  const results =
    metrics.length === 0
      ? {}
      : {
          "model-index": [
            {
              name: `${recipe}-${name}`,
              results: [
                {
                  task: { type: "text-classification" },
                  dataset: { name: recipe, type: recipe, split: "test" },
                  metrics,
                },
              ],
            },
          ],
        };
  const header = {
    library_name: "transformers.js",
    pipeline_tag: "text-classification",
    tags: ["limbeck", "knowledge-distillation", "onnx"],
    ...results,
  };
  return `---\n${stringify(header)}---`;
}

function introduction(facts: CardFacts): string {
  const { name, recipe, kind, labels, parameters, bytes, maxLength, teacher, data, seed, seeds } =
    facts;
  const model = teacher.model === null ? teacher.kind : `${teacher.model} (${teacher.kind})`;
  return [
    `# ${recipe}: ${name}`,
    "",
    `A text classifier with ${labels.length} classes, distilled with Limbeck: a student of kind \`${kind}\` that learned from the logits ` +
      `of a larger teacher, ${model}, for ${count(data.texts)} texts of ${data.source}, ${count(data.labelled)} of which had a gold label.`,
    "",
    `${count(parameters)} parameters, ${megabytes(bytes.files)} (${megabytes(bytes.gzip)} compressed), inputs of up to ${maxLength} ` +
      `pieces; longer texts are cut. Seed ${seed}${seeds > 1 ? `, the best of ${seeds} on held-out texts` : ""}.`,
  ].join("\n");
}

function usage({ recipe, name }: CardFacts): string[] {
  const folder = `runs/${recipe}/export/${name}`;
  return [
    "## Use",
    ["```sh", `npx limbeck predict ${folder} "a text"`, "```"].join("\n"),
    [
      "```js",
      'import { pipeline } from "@huggingface/transformers";',
      "",
      `const classify = await pipeline("text-classification", "${folder}"); // or where this folder lies`,
      'console.log(await classify("a text"));',
      "```",
    ].join("\n"),
    [
      "```python",
      "import json, numpy as np, onnxruntime as ort",
      "from tokenizers import Tokenizer",
      "",
      'ids = Tokenizer.from_file("tokenizer.json").encode("a text").ids',
      'session = ort.InferenceSession("onnx/model.onnx")',
      'feeds = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}',
      "logits = session.run(None, feeds)[0][0]",
      'print(json.load(open("config.json"))["id2label"][str(logits.argmax())])',
      "```",
    ].join("\n"),
  ];
}

function scoreTable({ scores, name, teacher }: CardFacts): string[] {
  if (scores === null) return ["## Scores", "There were no test texts to score it on."];
  const level = `${Math.round(scores.confidence * 100)} % interval`;
  const rows = scores.systems.map((system) => {
    const shown = system.name === name ? `**${system.name}**` : system.name;
    const role = system.role === "teacher" ? teacher.kind : system.role;
    return [
      shown,
      role,
      withInterval(system.accuracy),
      percent(system.macroF1),
      percent(system.agreement),
    ];
  });
  return [
    "## Scores",
    `On ${count(scores.texts)} test texts; students as means over their seeds, with the ${level} of a bootstrap over the texts.`,
    table(["system", "role", "accuracy", "macro F1", "agreement with the teacher"], rows),
  ];
}

function speedTable({ speeds, processor }: CardFacts): string[] {
  if (speeds.length === 0) return [];
  const rows = speeds.map(({ name, bytes, oneText, batch, runtime }) => [
    runtime === "javascript" ? `${name} (in JavaScript)` : name,
    bytesOf(bytes.onnx ?? bytes.files),
    milliseconds(oneText.p50Ms),
    milliseconds(oneText.p95Ms),
    count(Math.round(batch.textsPerSecond)),
  ]);
  const size = speeds[0]!.batch.size;
  return [
    "## Speed",
    `One thread, tokenization included, measured beside each other on ${processor}.`,
    table(["system", "model", "one text, median", "95 %", `texts/s in batches of ${size}`], rows),
  ];
}

/** Providers forbid some uses of models that learned from theirs. */
function terms({ teacher: { provider } }: CardFacts): string[] {
  if (provider === null) return [];
  const { name, url } = provider;
  return [
    `It learned from answers of a model that ${name} runs: the terms of ${name} apply to what was made with them (${url}).`,
  ];
}

function limits(facts: CardFacts): string[] {
  const { labels, version } = facts;
  const some = labels
    .slice(0, 100)
    .map((label) => `\`${label}\``)
    .join(", ");
  const more = labels.length > 100 ? ` and ${labels.length - 100} more` : "";
  return [
    "## Limits",
    "It answers with one of its classes whatever it is given, and knows what its teacher knew about texts like those it " +
      "learned from. Probabilities are those of its softmax. transformers.js cuts a text that is too long without its " +
      "closing [SEP], so its answers to such texts can differ a little.",
    ...terms(facts),
    `Classes: ${some}${more}.`,
    `Made by Limbeck ${version}. Where it comes from: \`limbeck.json\`; that the file equals the trained student: \`parity.json\`.`,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

function percent(figure: CardFigure | null): string {
  return figure === null ? "–" : `${(figure.value * 100).toFixed(1)} %`;
}

function withInterval(figure: CardFigure | null): string {
  if (figure?.low == null || figure.high == null) return percent(figure);
  return `${percent(figure)} (${(figure.low * 100).toFixed(1)} – ${(figure.high * 100).toFixed(1)})`;
}

function milliseconds(value: number): string {
  return `${value.toPrecision(3)} ms`;
}

function bytesOf(bytes: number | undefined): string {
  return bytes === undefined ? "" : megabytes(bytes);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
