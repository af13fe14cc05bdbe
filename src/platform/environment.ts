import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { packageRoot } from "./package-root.ts";

export interface Environment {
  limbeck: string;
  node: string;
  onnxruntime: string;
  transformers: string;
  tensorflow: string;
  platform: string;
  processor: string;
  cores: number;
  memoryBytes: number;
}

interface PackageFile {
  version: string;
  dependencies: Record<string, string>;
}

/** What a result depends on besides the recipe: versions and the machine. */
export function describeEnvironment(): Environment {
  const file = JSON.parse(readFileSync(`${packageRoot()}/package.json`, "utf8")) as PackageFile;
  return {
    limbeck: file.version,
    node: process.versions.node,
    onnxruntime: file.dependencies["onnxruntime-node"] ?? "unknown",
    transformers: file.dependencies["@huggingface/transformers"] ?? "unknown",
    tensorflow: file.dependencies["@tensorflow/tfjs"] ?? "unknown",
    platform: `${process.platform} ${release()} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
}
