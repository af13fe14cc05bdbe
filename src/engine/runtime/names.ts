/** The input of a graph that takes the gathered rows of the embedding table. */
export const EMBEDDED = "embedded";

/** What a program's tensors are called in its graph: inputs and outputs may share a name. */
export const names = {
  parameter: (name: string) => `parameter/${name}`,
  input: (name: string) => `input/${name}`,
  gradient: (name: string) => `gradient/${name}`,
  term: (name: string) => `term/${name}`,
  output: (name: string) => `output/${name}`,
  loss: "loss",
};
