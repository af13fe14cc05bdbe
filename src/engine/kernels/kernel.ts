import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";

export type KernelInputs = Readonly<Record<string, Value>>;

/** Writes one tfjs operation as nodes. `attributes` are those that tfjs gives the kernel of that name. */
export type Kernel = (tracer: Tracer, inputs: KernelInputs, attributes: object) => Value | Value[];

/** Kernels by tfjs's names for them. */
export type KernelTable = Readonly<Record<string, Kernel>>;

/** A kernel whose inputs and attributes are known by type. tfjs guarantees both to a kernel of that name. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it names the attributes for `write`
export function kernel<Inputs extends string, KernelAttributes = object>(
  write: (
    tracer: Tracer,
    inputs: Readonly<Record<Inputs, Value>>,
    attributes: KernelAttributes,
  ) => Value | Value[],
): Kernel {
  return write as Kernel;
}
