// Compiles src/engine/host/kernels.wat into the TypeScript file with the module's bytes: `npm run build:kernels`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openWabt from "wabt";

const folder = new URL("../../../src/engine/host/", import.meta.url);
export const KERNELS_FILE = new URL("kernels-module.ts", folder);

/** The text of `kernels-module.ts`, compiled anew. */
export async function compileKernels(): Promise<string> {
  const wabt = await openWabt();
  const parsed = wabt.parseWat("kernels.wat", readFileSync(new URL("kernels.wat", folder)), {
    simd: true,
  });
  parsed.validate();
  const { buffer } = parsed.toBinary({});
  parsed.destroy();
  const lines = Buffer.from(buffer)
    .toString("base64")
    .match(/.{1,90}/g)!;
  const literals = lines.map((line) => `  "${line}",\n`).join("");
  return `// Written by \`npm run build:kernels\` from kernels.wat.

/** The WebAssembly module of kernels.wat, in base64. */
export const KERNELS_BASE64 = [
${literals}].join("");
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(KERNELS_FILE, await compileKernels());
}
