// The public API: what the commands do, typed.
export { run, type RunOptions, type RunResult, type StageResult } from "./run.ts";
export { loadRecipe, type LoadedRecipe } from "./recipe/load.ts";
export type { Recipe, RecipeInput, StudentRecipe, TrainRecipe } from "./recipe/schema.ts";
export { openBundle } from "./bundle/open.ts";
export { LimbeckError, type ErrorCode } from "./errors.ts";
export { readLogits } from "./labels/read-logits.ts";
export type { LimbeckReport } from "./report/schema.ts";
export { compile, compileFunction, EngineError } from "./engine/index.ts";
export type { CompiledProgram, CompileOptions, Program } from "./engine/types.ts";
export type {
  Dataset,
  LabelledText,
  ProgressEvent,
  Report,
  StageName,
  Student,
  Teacher,
  TeacherKind,
  TextId,
} from "./types.ts";
