import { pathName, type Path, type Problem } from "./problems.ts";
import type { Recipe, StudentRecipe } from "./schema.ts";

function duplicates(values: readonly (string | number)[], path: Path): Problem[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    if (first === index) return [];
    const message = `Expected every entry of ${pathName(path)} once, got ${JSON.stringify(value)} again. Remove it.`;
    return [{ path: [...path, index], target: "value" as const, message }];
  });
}

/** Names that the controls take in the run's folder, beside `<student>-hard-label`. */
const CONTROL_VARIANTS = ["majority", "linear-labels", "linear-teacher"];

function nameProblems(
  students: readonly StudentRecipe[],
  path: (index: number, key: string) => Path,
): Problem[] {
  const names = students.map(({ name }) => name);
  const taken = new Set([...CONTROL_VARIANTS, ...names.map((name) => `${name}-hard-label`)]);
  return students.flatMap(({ name, kind }, index) => {
    const place = { path: path(index, "name"), target: "value" as const };
    if (names.indexOf(name) < index) {
      const message =
        `Expected every student to have a name of its own, got "${name}" again. ` +
        `Add a name to this one, such as name: ${kind}-small.`;
      return [{ ...place, message }];
    }
    if (taken.has(name)) {
      const message = `Expected a student's name that no control uses, got "${name}". Choose another.`;
      return [{ ...place, message }];
    }
    return [];
  });
}

function trainingProblems({ batch, shards, optimizer }: Recipe["train"]): Problem[] {
  const problems: Problem[] = [];
  if (shards !== "auto" && shards > batch) {
    const message = `Expected train.shards of at most train.batch, ${batch}, got ${shards}. A shard without a text has nothing to do: use fewer.`;
    problems.push({ path: ["train", "shards"], target: "value", message });
  }
  if (optimizer.kind === "sgd" && optimizer.nesterov && optimizer.momentum === 0) {
    const message =
      "Expected some train.optimizer.momentum with nesterov, got 0. Set momentum: 0.9, or nesterov: false.";
    problems.push({ path: ["train", "optimizer", "nesterov"], target: "value", message });
  }
  return problems;
}

function labelProblems({ data, train }: Recipe): Problem[] {
  if (data.labelled !== "none" || train.loss.alpha < 1) return [];
  const message =
    "Expected gold labels for train.loss.alpha: 1, which learns from nothing else, got data.labelled: none. Set alpha: 0.";
  return [{ path: ["train", "loss", "alpha"], target: "value", message }];
}

/**
 * What each key allows but all of them together do not.
 *
 * @param listed - whether `student` is a list in the recipe as written: places differ
 */
export function contradictions(recipe: Recipe, listed: boolean): Problem[] {
  const studentPath = (index: number, key: string) =>
    listed ? ["student", index, key] : ["student", key];
  const problems = [
    ...duplicates(recipe.data.classes ?? [], ["data", "classes"]),
    ...duplicates(recipe.train.seeds, ["train", "seeds"]),
    ...trainingProblems(recipe.train),
    ...labelProblems(recipe),
    ...duplicates(recipe.controls, ["controls"]),
    ...duplicates(recipe.export.formats, ["export", "formats"]),
    ...nameProblems(recipe.student, studentPath),
  ];
  const { source } = recipe.data;
  if (typeof source !== "string" && source.train === undefined && source.unlabeled === undefined) {
    const message =
      "Expected data.source to name files to learn from, got neither train nor unlabeled. Add train.";
    problems.push({ path: ["data", "source"], target: "key", message });
  }
  return problems;
}
