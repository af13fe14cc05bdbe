import { afterEach, describe, expect, it, vi } from "vitest";
import { HostMemory } from "../../../src/engine/host/host-memory.ts";
import type * as host from "../../../src/engine/host/host-memory.ts";
import { compile } from "../../../src/engine/index.ts";
import type { Batch, CompileOptions, EngineState } from "../../../src/engine/index.ts";
import { student as bilstm } from "../../../students/bilstm.ts";
import { compileOptions, makeBatch, studentProgram } from "../programs.ts";
import { expectSameBits } from "../training-helpers.ts";

/** Whether this thread has WebAssembly; the real functions otherwise. */
const switches = vi.hoisted(() => ({ kernels: true }));
vi.mock("../../../src/engine/host/host-memory.ts", async (importOriginal) => {
  const original = await importOriginal<typeof host>();
  return { ...original, workspace: () => (switches.kernels ? original.workspace() : null) };
});

afterEach(() => {
  switches.kernels = true;
  vi.restoreAllMocks();
});

const program = studentProgram(bilstm, { hidden: 3, dropout: 0.3 });
const BATCHES: (Batch | Batch[])[] = [
  makeBatch([4, 2, 3]),
  [makeBatch([5, 1, 6]), makeBatch([2, 2])],
  makeBatch([1]),
];

async function train(options: Partial<CompileOptions>): Promise<EngineState> {
  const compiled = await compile(program, { ...compileOptions, clipNorm: 0.5, ...options });
  try {
    for (let step = 0; step < 9; step += 1) {
      await compiled.step(BATCHES[step % BATCHES.length]!, { learningRate: 0.01 });
    }
    return await compiled.saveState();
  } finally {
    await compiled.dispose();
  }
}

describe("a training run", () => {
  it.each([
    ["AdamW", {}],
    ["AdamW in shards", { shards: 3 }],
    ["SGD", { optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0.01 } }],
  ] as [string, Partial<CompileOptions>][])(
    "gives the same bits with and without WebAssembly: %s",
    async (_name, options) => {
      const create = vi.spyOn(HostMemory, "create");
      const allocate = vi.spyOn(HostMemory.prototype, "allocate");
      const withKernels = await train(options);
      // All lies in the one memory: what it was made for was allocated.
      const lengths = create.mock.calls.map(([given]) => given).find(({ length }) => length > 0)!;
      expect(allocate.mock.calls.map(([length]) => length).sort()).toEqual([...lengths].sort());

      create.mockReturnValue(null);
      switches.kernels = false;
      const plain = await train(options);
      expectSameBits(withKernels.weights, plain.weights);
      expectSameBits(withKernels.optimizer, plain.optimizer);
    },
  );
});
