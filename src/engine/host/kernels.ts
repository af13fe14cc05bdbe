import { KERNELS_BASE64 } from "./kernels-module.ts";

/**
 * The functions of `kernels.wat`. Arrays are byte offsets into the memory; where `count` is odd (for `squares`: no
 * multiple of four), the elements at the end are left to the caller.
 */
export interface Kernels {
  /** One pass of AdamW, with the factors of `AdamWFactors`. */
  adamW(
    parameter: number,
    gradient: number,
    first: number,
    second: number,
    count: number,
    keepFirst: number,
    addFirst: number,
    keepSecond: number,
    addSecond: number,
    keepParameter: number,
    rate: number,
    epsilon: number,
  ): void;
  /** `target = weight · source`; both may be the same. */
  scale(target: number, source: number, count: number, weight: number): void;
  /** `target += weight · source` */
  add(target: number, source: number, count: number, weight: number): void;
  /** Adds the squares of every first, second, third and fourth element to the four float64 at `sums`. */
  squares(source: number, count: number, sums: number): void;
  /** `sums += rows · columns` in float64: `[R, 8] += [R, count] · [count, 8]`, each sum in the order of `count`. */
  products(sums: number, rows: number, columns: number, rowCount: number, count: number): void;
}

let compiled: WebAssembly.Module | undefined;

/**
 * The kernels, to work on a memory.
 *
 * @throws WebAssembly.CompileError on a processor without SIMD.
 */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(KERNELS_BASE64, "base64"));
  const { exports } = new WebAssembly.Instance(compiled, { host: { memory } });
  return exports as unknown as Kernels;
}
