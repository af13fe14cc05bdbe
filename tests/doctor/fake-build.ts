import type { BuildFacts } from "../../src/doctor/build-plan.ts";

/** Facts of a machine that is not there. */
export const FACTS: BuildFacts = {
  gpu: false,
  packageFolder: "/app/node_modules/@tensorflow/tfjs-node",
  cacheFolder: "/app/.limbeck/tensorflow",
  headers: "/opt/node/include/node",
  build: 3,
};
