import { arithmeticKernels } from "./arithmetic.ts";
import { convolutionKernels } from "./convolutions.ts";
import { creationKernels } from "./creation.ts";
import { gatheringKernels } from "./gathering.ts";
import type { KernelTable } from "./kernel.ts";
import { productKernels } from "./products.ts";
import { reductionKernels } from "./reductions.ts";
import { shapeKernels } from "./shapes.ts";
import { softmaxKernels } from "./softmax.ts";

/** Every tfjs operation that a trace can write, by tfjs's name of its kernel. */
export const kernels: KernelTable = {
  ...arithmeticKernels,
  ...convolutionKernels,
  ...creationKernels,
  ...gatheringKernels,
  ...productKernels,
  ...reductionKernels,
  ...shapeKernels,
  ...softmaxKernels,
};
