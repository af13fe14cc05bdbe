// The public API: what the commands do, typed.
export { run, type RunOptions, type RunResult, type StageResult } from "./run.ts";
export { loadRecipe, recipeFrom, type LoadedRecipe } from "./recipe/load.ts";
export { explainRecipe } from "./recipe/explain.ts";
export { fullJsonSchema } from "./recipe/json-schema.ts";
export type { Recipe, RecipeInput, StudentRecipe, TrainRecipe } from "./recipe/schema.ts";
export { openBundle } from "./bundle/open.ts";
export type { Bundle, Classification } from "./bundle/classifier.ts";
/** For the options of a plug-in: the zod that reads recipes, so that none need be installed beside it. */
export { z } from "zod";
export { LimbeckError, type ErrorCode } from "./errors.ts";
export { digestOf } from "./platform/digest.ts";
export { readLogits } from "./labels/read-logits.ts";
export type { Consent } from "./labelling/consent.ts";
export type { LimbeckReport } from "./report/schema.ts";
export { compile, compileFunction, EngineError } from "./engine/index.ts";
export type { CompiledProgram, CompileOptions, Program } from "./engine/types.ts";
export type {
  Dataset,
  HeldOutLabels,
  IdentifiedText,
  LabelledText,
  Outlay,
  OutlayPlan,
  ProgressEvent,
  Report,
  SetAside,
  StageName,
  Student,
  Teacher,
  TeacherAnswer,
  TeacherContext,
  TeacherEntry,
  TeacherKind,
  TeacherLabel,
  TeacherLexicon,
  TeacherPlace,
  TextId,
  TimedTeacher,
} from "./types.ts";
