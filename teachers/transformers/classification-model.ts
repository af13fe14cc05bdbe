import type { TeacherPlace } from "../../src/types.ts";
import type { ModelDtype } from "./dtypes.ts";
import { readJsonIn } from "./folder-checks.ts";
import { resolveModel } from "./hub/resolve-model.ts";
import { onnxFiles } from "./hub/wanted-files.ts";
import { dependsOnBatch } from "./lexicon.ts";
import { classifierError } from "./logits-session.ts";
import {
  fingerprintModel,
  openModelFolder,
  teacherError,
  type ModelFolder,
} from "./model-folder.ts";

/** Which file of which model, and how much of a text it reads. */
export interface ModelChoice {
  /** A folder, or a model of the hub. */
  model: string;
  dtype: ModelDtype;
  /** Whether the recipe allows to download it. */
  download: boolean;
  maxLength: number;
}

/** A folder with a model that gives each text one logit per label. */
export interface ClassificationModel {
  folder: ModelFolder;
  /** `org/name@commit` of a model of the hub, null of a folder. */
  source: string | null;
  /** Names in the order of the logits, as the model has them. */
  labels: readonly string[];
  /** `problem_type` of config.json: what the model was trained for. */
  problem: string | null;
  /** Tokens that are read of a text: what the recipe says, or the most that the model can. */
  maxLength: number;
  /** See `Teacher.plan`. */
  plan: "free" | "fixed";
}

type Fields = Readonly<Record<string, unknown>>;

async function readFields(folder: string, file: string): Promise<Fields> {
  const fields = await readJsonIn(folder, { file, error: teacherError });
  return typeof fields === "object" && fields !== null ? (fields as Fields) : {};
}

function labelsOf(config: Fields, path: string): string[] {
  const names = config["id2label"];
  const entries = typeof names === "object" && names !== null ? Object.entries(names) : [];
  if (entries.length === 0) {
    throw classifierError(
      path,
      "an id2label in config.json, which names the logits",
      "none",
      "Choose a text classification model, or add id2label.",
    );
  }
  const labels = entries.map((_, index) => (names as Fields)[String(index)]);
  if (labels.every((label) => typeof label === "string")) return labels;
  throw classifierError(
    path,
    `names for the logits 0 to ${entries.length - 1} in config.json's id2label`,
    entries.map(([id, name]) => `${id}: ${JSON.stringify(name)}`).join(", "),
    "Mend config.json.",
  );
}

/** Families whose positions start behind the padding's id. */
const SHIFTED_POSITIONS = /roberta|camembert|mpnet/;

/** The most tokens that a model can read, or infinity where its files do not say. */
function longestInput(config: Fields, tokenizer: Fields): number {
  const number = (value: unknown) => (typeof value === "number" && value > 0 ? value : Infinity);
  const shift = SHIFTED_POSITIONS.test(String(config["model_type"]))
    ? 1 + Number(config["pad_token_id"] ?? 1)
    : 0;
  return Math.min(
    number(config["max_position_embeddings"]) - shift,
    number(tokenizer["model_max_length"]),
  );
}

async function locateModel({ model, dtype, download }: ModelChoice, place: TeacherPlace) {
  return resolveModel({ model, place, files: onnxFiles(dtype), download });
}

/** SHA-256 over the files of the model that a recipe names. */
export async function fingerprintChoice(choice: ModelChoice, place: TeacherPlace): Promise<string> {
  return fingerprintModel((await locateModel(choice, place)).path, choice.dtype);
}

/**
 * Finds and hashes the files of a classification model and reads what its logits are called.
 *
 * @throws LimbeckError `E_TEACHER` naming the folder and what is missing in it, or why a model cannot be downloaded.
 */
export async function openClassificationModel(
  choice: ModelChoice,
  place: TeacherPlace,
): Promise<ClassificationModel> {
  const { path, source } = await locateModel(choice, place);
  const folder = await openModelFolder(path, choice.dtype);
  const config = await readFields(folder.path, "config.json");
  const tokenizer = await readFields(folder.path, "tokenizer_config.json");
  const problem = config["problem_type"];
  return {
    folder,
    source,
    labels: labelsOf(config, folder.path),
    problem: typeof problem === "string" ? problem : null,
    maxLength: Math.min(choice.maxLength, longestInput(config, tokenizer)),
    plan: (await dependsOnBatch(folder)) ? "fixed" : "free",
  };
}

/** What a classification model's logits depend on, for a teacher's description. */
export function describeModel(
  { folder, source, maxLength, plan }: ClassificationModel,
  { dtype, batch }: { dtype: ModelDtype; batch: number },
) {
  // Where a text's logits depend on its neighbours, they depend on how many it has.
  const fixed = plan === "fixed" && { plan, batch };
  return { files: folder.hashes, dtype, maxLength, ...(source !== null && { source }), ...fixed };
}
