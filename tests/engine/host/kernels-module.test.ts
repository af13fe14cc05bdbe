import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compileKernels, KERNELS_FILE } from "./build-kernels.ts";

it("the committed module is what kernels.wat compiles to", async () => {
  expect(readFileSync(KERNELS_FILE, "utf8")).toBe(await compileKernels());
});
