import { createRequire } from "node:module";
import type * as tfjs from "@tensorflow/tfjs";

/**
 * TensorFlow.js, the same copy that `import * as tf from "@tensorflow/tfjs"` gives, loaded three times as fast: for an
 * `import`, Node first scans six million characters of its CommonJS for the names that they export.
 */
export const tf = createRequire(import.meta.url)("@tensorflow/tfjs") as typeof tfjs;

/* eslint-disable @typescript-eslint/no-namespace -- a constant cannot carry types in another way */
/** The types under the same name. */
export declare namespace tf {
  type BackendValues = tfjs.BackendValues;
  type DataType = tfjs.DataType;
  type GradFunc = tfjs.GradFunc;
  type GradSaveFunc = tfjs.GradSaveFunc;
  type Rank = tfjs.Rank;
  namespace Rank {
    type R0 = tfjs.Rank.R0;
    type R2 = tfjs.Rank.R2;
    type R4 = tfjs.Rank.R4;
  }
  type Scalar = tfjs.Scalar;
  type Tensor<R extends Rank = Rank> = tfjs.Tensor<R>;
  type Tensor1D = tfjs.Tensor1D;
  type Tensor2D = tfjs.Tensor2D;
  type Tensor3D = tfjs.Tensor3D;
  type Tensor4D = tfjs.Tensor4D;
  type TensorInfo = tfjs.TensorInfo;
  type Variable = tfjs.Variable;
}
