/** Names of the ONNX files by dtype, as transformers.js has them; it silently loads another for a name it does not know. */
export const MODEL_FILES = {
  fp32: "model.onnx",
  fp16: "model_fp16.onnx",
  q8: "model_quantized.onnx",
  int8: "model_int8.onnx",
  uint8: "model_uint8.onnx",
  q4: "model_q4.onnx",
  bnb4: "model_bnb4.onnx",
  q4f16: "model_q4f16.onnx",
} as const;

export type ModelDtype = keyof typeof MODEL_FILES;
export const DTYPES = Object.keys(MODEL_FILES) as [ModelDtype, ...ModelDtype[]];
