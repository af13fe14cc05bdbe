import type * as tf from "@tensorflow/tfjs";

/**
 * One direction of an LSTM, as `torch.nn.LSTM` stores it. Rows of the matrices are the gates input, forget, cell and
 * output, `H` rows each.
 */
export interface LstmWeights {
  /** `[4H, D]`, PyTorch's `weight_ih`. */
  input: tf.Tensor2D;
  /** `[4H, H]`, PyTorch's `weight_hh`. */
  recurrent: tf.Tensor2D;
  /** `[4H]`, PyTorch's `bias_ih`. */
  inputBias: tf.Tensor1D;
  /** `[4H]`, PyTorch's `bias_hh`; it is added to the other. */
  recurrentBias: tf.Tensor1D;
}

/** Weights of both directions. */
export interface BiLstmWeights {
  forward: LstmWeights;
  backward: LstmWeights;
}

/** One direction over a sequence. */
export interface LstmDirection {
  weights: LstmWeights;
  /** Whether texts are read from their end. */
  reverse: boolean;
}
