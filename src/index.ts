// The public API: what the commands do, typed.
export { run, type RunOptions, type RunResult, type StageResult } from "./run.ts";
export { loadRecipe, recipeFrom, type LoadedRecipe } from "./recipe/load.ts";
export { explainRecipe } from "./recipe/explain.ts";
export { fullJsonSchema } from "./recipe/json-schema.ts";
export type { Recipe, RecipeInput, StudentRecipe, TrainRecipe } from "./recipe/schema.ts";
export { openBundle } from "./bundle/open.ts";
export type { Bundle, Classification } from "./bundle/classifier.ts";
export { LimbeckError, type ErrorCode } from "./errors.ts";
export { readLogits } from "./labels/read-logits.ts";
export type { Consent } from "./labelling/consent.ts";
export type { LimbeckReport } from "./report/schema.ts";
export { compile, compileFunction, EngineError } from "./engine/index.ts";
export type { CompiledProgram, CompileOptions, Program } from "./engine/types.ts";
export type {
  Dataset,
  LabelledText,
  OutlayPlan,
  ProgressEvent,
  Report,
  StageName,
  Student,
  Teacher,
  TeacherKind,
  TextId,
} from "./types.ts";
