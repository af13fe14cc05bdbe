/** What the tensors of a device's graphs are called, besides those of `runtime/names.ts`. */
export const deviceNames = {
  /** What the optimizer keeps for a parameter, e.g. `weight.exp_avg`. */
  state: (name: string) => `state/${name}`,
  /** The output that takes an input's place in the next step. */
  next: (input: string) => `next/${input}`,
  /** The sum that a gradient is added to. */
  sum: (name: string) => `sum/${name}`,
  /** Rows of the embedding table that the batches name, each once, int32 `[rows]`. */
  rows: "table/rows",
  /** By token: the place of its row among `rows`, int32 `[B, L]`. */
  places: "table/places",
  learningRate: "step/learning_rate",
  firstCorrection: "step/first_correction",
  secondCorrection: "step/second_correction",
  /** The numbers that are read after a step, in one tensor: each reading waits for the device. */
  report: "report",
  sumWeight: "weight/sum",
  gradientWeight: "weight/gradient",
};
