import { basename } from "node:path";
import type { Scores, SystemScores } from "../evaluation/scores.ts";
import type { Environment } from "../platform/environment.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { LabelDetails, PrepareDetails, StageManifest, TrainDetails } from "../types.ts";
import type { CardFacts, CardScore } from "./card.ts";
import type { Draft } from "./draft.ts";
import type { SpeedFile } from "./speed.ts";

/** What earlier stages say about a run. */
export interface RunRecords {
  prepare: StageManifest<PrepareDetails>;
  label: StageManifest<LabelDetails>;
  train: StageManifest<TrainDetails>;
  /** Null where export runs without an evaluation. */
  scores: Scores | null;
}

/** `limbeck.json`: recipe, teacher, data and scores that a bundle comes from, each with its digest. */
export function provenanceOf(from: {
  recipe: Recipe;
  records: RunRecords;
  draft: Draft;
  environment: Environment;
}): Record<string, unknown> {
  const { recipe, records, draft, environment } = from;
  const { run } = draft;
  const { kind, digest } = records.label.details.teacher;
  return {
    recipe,
    student: {
      name: run.variant,
      kind: run.kind,
      seed: run.seed,
      parameters: run.parameters,
      steps: run.bestStep,
      validationScore: run.validationScore,
      maxLength: draft.maxLength,
    },
    teacher: { kind, digest },
    data: {
      digest: records.prepare.digest,
      rows: records.prepare.details.rows,
      files: records.prepare.files,
    },
    stages: { label: records.label.digest, train: records.train.digest },
    scores: ownScores(records.scores, run.variant, run.seed),
    environment,
  };
}

/** Scores of the shipped seed on the test texts. */
function ownScores(
  scores: Scores | null,
  name: string,
  seed: number,
): Record<string, unknown> | null {
  const system = scores?.systems.find((one) => one.name === name);
  const measures = system?.seeds.find((one) => one.seed === seed)?.measures;
  return measures === undefined ? null : { test: scores!.test.texts, ...measures };
}

/** What the model card tells of a bundle. */
export function cardFacts(from: {
  recipe: Recipe;
  records: RunRecords;
  draft: Draft;
  speed: SpeedFile;
}): CardFacts {
  const { recipe, records, draft, speed } = from;
  const { run, bytes, maxLength } = draft;
  const { details } = records.prepare;
  const { source } = recipe.data;
  const model = (recipe.teacher as Record<string, unknown>)["model"];
  return {
    name: run.variant,
    recipe: recipe.name,
    kind: run.kind,
    labels: details.classes,
    parameters: run.parameters,
    bytes,
    maxLength,
    seed: run.seed,
    seeds: recipe.train.seeds.length,
    teacher: {
      kind: recipe.teacher.kind,
      model: typeof model === "string" ? model : null,
      bytes: records.label.details.teacher.bytes,
      provider: records.label.details.teacher.provider,
    },
    data: {
      // A name in datasets/, or a file of the user's, whose folder is nobody's business.
      source: typeof source === "string" ? basename(source) : "several files",
      texts: details.rows.transfer + details.rows.labelled,
      labelled: details.rows.labelled,
    },
    scores: records.scores && {
      texts: records.scores.test.texts,
      confidence: records.scores.method.confidence,
      systems: records.scores.systems.map(cardScore),
    },
    speeds: speed.systems,
    processor: speed.environment.processor,
    version: speed.environment.limbeck,
  };
}

function cardScore({ name, role, measures }: SystemScores): CardScore {
  const { accuracy, macroF1, agreement } = measures;
  return { name, role, accuracy, macroF1, agreement };
}
