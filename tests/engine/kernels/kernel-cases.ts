import { arithmeticCases } from "./arithmetic-cases.ts";
import { gatheringCases } from "./gathering-cases.ts";
import type { KernelCases } from "./kernel-case.ts";
import { productCases } from "./product-cases.ts";
import { reductionCases } from "./reduction-cases.ts";
import { shapeCases } from "./shape-cases.ts";
import { unaryCases } from "./unary-cases.ts";

/** Cases by kernel; a kernel without one fails a test. */
export const kernelCases: KernelCases = {
  ...arithmeticCases,
  ...gatheringCases,
  ...productCases,
  ...reductionCases,
  ...shapeCases,
  ...unaryCases,
};
