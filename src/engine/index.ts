export { applyDense, bertStates, firstToken, meanOverTokens } from "./bert/encoder.ts";
export type { BertOptions } from "./bert/encoder.ts";
export { bertParameters, denseParameters } from "./bert/parameters.ts";
export type { BertSizes } from "./bert/parameters.ts";
export { compile } from "./compile.ts";
export { compileFunction } from "./compile-function.ts";
export { EngineError } from "./errors.ts";
export type { EngineErrorCode } from "./errors.ts";
export { openLaneProducts } from "./host/lane-products.ts";
export type { LaneProducts } from "./host/lane-products.ts";
export { LANES } from "./host/loops.ts";
export { biLstm, lastState, lstm } from "./ops/lstm.ts";
export { fineTuneGroups } from "./fine-tuning.ts";
export type { FineTune, FineTuneOptions } from "./fine-tuning.ts";
export type { BiLstmWeights, LstmWeights } from "./ops/lstm-weights.ts";
export { gelu } from "./ops/gelu.ts";
export { layerNorm } from "./ops/layer-norm.ts";
export { linear } from "./ops/linear.ts";
export { prefixRows } from "./ops/prefix-rows.ts";
export { startFrom } from "./program/start-from.ts";
export { tf } from "./tfjs.ts";
export { readBertWeights } from "./weights/read-bert-weights.ts";
export type { BertWeights, ReadBertOptions } from "./weights/read-bert-weights.ts";
export type {
  AdamWOptions,
  Batch,
  CompiledFunction,
  CompiledProgram,
  CompileOptions,
  DataType,
  Device,
  Dimension,
  EmbeddingSpec,
  EngineState,
  ExportOptions,
  FunctionProgram,
  Initializer,
  NamedArray,
  OptimizerOptions,
  ParameterGroup,
  ParameterSpec,
  Program,
  ProgramContext,
  SgdOptions,
  StateDict,
  StepResult,
  Tensors,
  TensorSpec,
} from "./types.ts";
