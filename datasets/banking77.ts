import { join } from "node:path";
import { packageRoot } from "../src/platform/package-root.ts";
import type { Dataset } from "../src/types.ts";

const inFolder = (name: string): string => join(packageRoot(), "datasets", "banking77", name);

/** Banking77 (Casanueva et al. 2020): questions that customers ask a bank, 77 intents. See datasets/README.md. */
export const dataset: Dataset = {
  summary: "English questions to a bank, 77 intents: 10,003 training and 3,080 test texts",
  licence: "CC BY 4.0",
  files: () => ({ train: [inFolder("train.tsv")], test: [inFolder("test.tsv")] }),
  columns: { text: "text", label: "label" },
  hashes: {
    "train.tsv": "c7ef111377fe60ca9ca94a73cf795dc35346e2f7ad9a149d5d21a9d88e3a6f2b",
    "test.tsv": "f66c38fdc61a7b0ba80e3d84932274f4c1e27529cf1743ddbab087811ec0311b",
  },
};
