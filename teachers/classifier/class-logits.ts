import { LimbeckError } from "../../src/errors.ts";
import type { ClassificationModel } from "../transformers/classification-model.ts";
import type { ClassifierOptions } from "./options.ts";
import { listNames, mapLabels, type LabelTable } from "./map-labels.ts";

/** How a model's logits become those of the data's classes. */
export interface ClassMap {
  /** The model's labels by class, for the teacher's description. */
  from: Readonly<Record<string, readonly string[]>>;
  dropped: readonly string[];
  /** `[K]` logits of the model to `[C]` logits. */
  apply(row: Float32Array): Float32Array;
}

/**
 * `log Σ exp(z)` over the labels of a class: the softmax then gives the class the sum of their probabilities. One
 * label's logit stays as it is.
 */
function joinColumns(row: Float32Array, columns: readonly number[]): number {
  if (columns.length === 1) return row[columns[0]!]!;
  const largest = Math.max(...columns.map((column) => row[column]!));
  const sum = columns.reduce((total, column) => total + Math.exp(row[column]! - largest), 0);
  return largest + Math.log(sum);
}

/**
 * A model with one logit answers yes or no: sigmoid(z) = softmax([0, z])[1]. Which class yes is, its name says or the
 * recipe's table.
 */
function mapOneLogit(
  label: string,
  classes: readonly string[],
  { table, folder }: { table: LabelTable; folder: string },
): ClassMap {
  if (classes.length !== 2) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected two classes for the model in ${folder}, which has one logit (${label}), got ${classes.length}: ${listNames(classes)}. Choose another model.`,
    );
  }
  const named = Object.hasOwn(table, label) ? table[label] : label;
  const positive = classes.findIndex((name) => name === named);
  const strangers = Object.keys(table).filter((key) => key !== label);
  if (positive < 0 || strangers.length > 0) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected teacher.labels to name the class that the one logit of the model in ${folder} speaks for, ` +
        `got ${strangers.length > 0 ? listNames(strangers) : (named ?? "null")}. ` +
        `Write teacher.labels: { ${JSON.stringify(label)}: ${JSON.stringify(classes[1])} } or ${JSON.stringify(classes[0])}.`,
    );
  }
  return {
    from: { [classes[positive]!]: [label], [classes[1 - positive]!]: [] },
    dropped: [],
    apply: ([logit]) => Float32Array.from([0, 1], (index) => (index === positive ? logit! : 0)),
  };
}

function mapMany(model: ClassificationModel, classes: readonly string[], table: LabelTable) {
  const { labels, folder } = model;
  const { columns, dropped } = mapLabels({ labels, classes, table, folder: folder.path });
  return {
    from: Object.fromEntries(
      classes.map((name, index) => [name, columns[index]!.map((column) => labels[column]!)]),
    ),
    dropped,
    apply: (row: Float32Array) => Float32Array.from(columns, (own) => joinColumns(row, own)),
  };
}

/**
 * How a model's logits become those of the data's classes: by names or by the recipe's table.
 *
 * @throws LimbeckError `E_TEACHER` where labels and classes do not match, or the model is no classifier.
 */
export function mapClasses(
  model: ClassificationModel,
  classes: readonly string[],
  { labels: table = {} }: Pick<ClassifierOptions, "labels">,
): ClassMap {
  const { labels, problem, folder } = model;
  if (problem === "regression") {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected a classifier in ${folder.path}, got a model for regression (problem_type of config.json): its output is a number, no logit. Choose another model.`,
    );
  }
  return labels.length === 1
    ? mapOneLogit(labels[0]!, classes, { table, folder: folder.path })
    : mapMany(model, classes, table);
}
