import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Instructions that decide in which order and width an ONNX kernel adds up, as Linux names them. */
const DECISIVE =
  /^(avx2|fma|avx512.*|.*vnni.*|amx.*|avx_ne_convert|asimd|asimddp|asimdhp|fphp|i8mm|bf16|sve.*|sme.*)$/;

/** Features in a /proc/cpuinfo that change the bits of a result, sorted, each once. */
export function featuresIn(cpuinfo: string): string[] {
  // x86 says "flags", ARM "Features"; all cores say the same, the first is read.
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? "";
  return [...new Set(line.split(/\s+/).filter((word) => DECISIVE.test(word)))].sort();
}

let described: string | undefined;

/**
 * The kind of processor as far as it decides a result's bits: architecture and instructions on Linux, architecture and
 * model elsewhere, where the system does not list them.
 */
export function describeProcessor(): string {
  described ??= [process.arch, ...particulars()].join(" ");
  return described;
}

function particulars(): string[] {
  if (process.platform === "linux") {
    try {
      return featuresIn(readFileSync("/proc/cpuinfo", "utf8"));
    } catch {
      // A container without /proc: the model has to do.
    }
  }
  return [cpus()[0]?.model.trim() ?? "unknown"];
}
