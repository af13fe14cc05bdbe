import { join } from "node:path";
import { evaluateSystems } from "../evaluation/evaluate-systems.ts";
import { writePredictions } from "../evaluation/predictions.ts";
import { openSources } from "../evaluation/run-sources.ts";
import type { Scores } from "../evaluation/scores.ts";
import { writeJson } from "../platform/files.ts";
import type { LabelDetails, PrepareDetails, TrainDetails } from "../types.ts";
import { readManifest } from "./manifest.ts";
import type { Stage } from "./stage.ts";

/** `evaluate/manifest.json`, `details`. */
export interface EvaluateDetails {
  /** Test texts that were scored, and how many of them have a gold label. */
  texts: number;
  labelled: number;
  systems: string[];
  notes: string[];
}

/**
 * Scores teacher, students and controls on the test split, whose gold labels are read here for the first time. Leaves
 * `predictions.parquet` and `scores.json`.
 */
export const evaluate: Stage<EvaluateDetails> = {
  name: "evaluate",
  version: 2,

  async inputs({ recipe, run }) {
    const [prepare, label, train] = [
      await readManifest(run, "prepare"),
      await readManifest(run, "label"),
      await readManifest(run, "train"),
    ];
    return {
      recipe: { evaluate: recipe.evaluate, students: recipe.student.map(({ name }) => name) },
      digests: [prepare.digest, label.digest, train.digest],
      // Weights, not only what they depend on: a training that was redone may differ on another machine.
      weights: train.files,
    };
  },

  describe({ recipe }) {
    const { resamples } = recipe.evaluate;
    return `Scoring teacher, students and controls on the test texts; ${resamples.toLocaleString("en-US")} resamples for the intervals`;
  },

  async run(context) {
    const { recipe, run, signal, report } = context;
    const prepare = (await readManifest<PrepareDetails>(run, "prepare")).details;
    const label = (await readManifest<LabelDetails>(run, "label")).details;
    const train = (await readManifest<TrainDetails>(run, "train")).details;
    const { scores, ids, predictions } = await evaluateSystems({
      sources: openSources({ run, recipe, classes: prepare.classes, label }),
      classes: prepare.classes,
      teacherKind: label.teacher.kind,
      runs: train.runs,
      recipe,
      signal,
      onProgress: (task, done, total, unit) => {
        report({ kind: "progress", stage: "evaluate", task, done, total, unit });
      },
    });
    for (const message of scores.notes) report({ kind: "warning", stage: "evaluate", message });
    const folder = join(run, "evaluate");
    await writePredictions(join(folder, "predictions.parquet"), ids, prepare.classes, predictions);
    await writeJson(join(folder, "scores.json"), scores);
    const { texts, labelled } = scores.test;
    const systems = scores.systems.map(({ name }) => name);
    return {
      details: { texts, labelled, systems, notes: scores.notes },
      summary: summarizeScores(scores),
    };
  },
};

function summarizeScores({ test, systems }: Scores): string {
  const shown = systems
    .filter(({ role }) => role !== "control")
    .flatMap(({ name, measures }) => {
      const best = measures.accuracy ?? measures.agreement;
      const what = measures.accuracy ? "" : " agreement";
      return best ? [`${name} ${(100 * best.value).toFixed(1)} %${what}`] : [];
    });
  return `${test.texts.toLocaleString("en-US")} test texts, ${systems.length} systems: ${shown.join(", ")}`;
}
