import { kernel } from "./kernel.ts";
import type { KernelTable } from "./kernel.ts";

export const softmaxKernels: KernelTable = {
  Softmax: kernel<"logits", { dim: number }>((tracer, { logits }, { dim }) =>
    tracer.emit("Softmax", [tracer.name(logits)], logits.shape, {
      attributes: { axis: dim < 0 ? dim + logits.shape.length : dim },
    }),
  ),
};
