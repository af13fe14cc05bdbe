import { instantiateKernels } from "./kernels.ts";
import type { Kernels } from "./kernels.ts";

/** Gives an array of zeros. */
export type Allocate = (length: number) => Float32Array;

/** Zeros on their own. */
export const allocatePlainly: Allocate = (length) => new Float32Array(length);

/** Elements of one piece of scratch; two of them lie in a processor's first cache. */
export const PIECE = 4096;

const PAGE = 65536;
/** Arrays begin at cache lines, in bytes. */
const LINE = 64;

const memories = new WeakMap<ArrayBufferLike, HostMemory>();

/** The memory that an array lies in, where it is one that kernels reach. */
export function memoryOf(array: Float32Array): HostMemory | undefined {
  return memories.get(array.buffer);
}

/**
 * A WebAssembly memory with the kernels that work on it: arrays in it need no copies. It never grows, since that would
 * detach them. It goes when the last of its arrays does.
 */
export class HostMemory {
  readonly kernels: Kernels;
  /** Two pieces for numbers of arrays that lie elsewhere; whatever was written last. */
  readonly scratch: readonly [Float32Array, Float32Array];
  /** Four float64, for `Kernels.squares`. */
  readonly sums: Float64Array;
  private readonly buffer: ArrayBuffer;
  private next: number;

  private constructor(memory: WebAssembly.Memory) {
    this.kernels = instantiateKernels(memory);
    this.buffer = memory.buffer;
    this.scratch = [
      new Float32Array(this.buffer, 0, PIECE),
      new Float32Array(this.buffer, 4 * PIECE, PIECE),
    ];
    this.sums = new Float64Array(this.buffer, 8 * PIECE, 4);
    this.next = 8 * PIECE + LINE;
    memories.set(this.buffer, this);
  }

  /**
   * A memory with room for arrays of these lengths; null where it would be larger than a WebAssembly memory may be
   * (4 GB), or cannot be had. The loops in JavaScript then do the work, to the same bits.
   */
  static create(lengths: readonly number[]): HostMemory | null {
    const bytes = lengths.reduce((sum, length) => sum + bytesOf(length), 8 * PIECE + LINE);
    const pages = Math.ceil(bytes / PAGE);
    // Node.js has none under --jitless.
    if (typeof WebAssembly === "undefined") return null;
    try {
      return new HostMemory(new WebAssembly.Memory({ initial: pages, maximum: pages }));
    } catch (error) {
      // More than 4 GB, too little address space, or a processor without SIMD.
      if (error instanceof RangeError || error instanceof WebAssembly.CompileError) return null;
      throw error;
    }
  }

  /** Zeros in the memory; on their own where it has no room left. */
  allocate(length: number): Float32Array {
    const end = this.next + bytesOf(length);
    if (end > this.buffer.byteLength) return new Float32Array(length);
    const array = new Float32Array(this.buffer, this.next, length);
    this.next = end;
    return array;
  }
}

function bytesOf(length: number): number {
  return LINE * Math.ceil((4 * length) / LINE);
}

let ownWorkspace: HostMemory | null | undefined;

/** This thread's memory for arrays that lie elsewhere: they pass through its scratch. */
export function workspace(): HostMemory | null {
  if (ownWorkspace === undefined) ownWorkspace = HostMemory.create([]);
  return ownWorkspace;
}
