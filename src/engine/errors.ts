/** What can go wrong in the engine that its user can mend. Callers match on the code, people read the message. */
export type EngineErrorCode =
  | "E_UNSUPPORTED_OP" // an operation that no kernel writes as ONNX
  | "E_READ_IN_TRACE" // a program that reads a tensor's values: there are none while it is traced
  | "E_RANDOM_IN_TRACE" // a program that draws random numbers: one draw would be baked in
  | "E_DEVICE" // a device that is not there, fails, or has too little memory
  | "E_NONFINITE" // NaN or infinity in the loss or a gradient
  | "E_STATE" // weights or optimizer state that do not fit the program
  | "E_SHAPE" // tensors whose shapes do not fit together, or that cannot be expressed with free sizes
  | "E_TOKEN" // a token that is not a row of the embedding table
  | "E_STEP" // a step number that no update can have
  | "E_OPTIMIZER" // an optimizer option or parameter group that makes no sense
  | "E_SCHEDULE" // a learning-rate schedule that makes no sense
  | "E_FILE" // a damaged or foreign file of tensors
  | "E_SHARDS" // a number of shards or workers that cannot be, or an input that cannot be split
  | "E_WORKER" // a thread that failed or ended
  | "E_NAME"; // a tensor that a file does not hold, or a name that another tensor has

/** An error with a cause that the user can mend; the message reads *Expected X, got Y. Fix.* */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
