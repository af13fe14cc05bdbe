import type { Dataset, Student, TeacherKind } from "./types.ts";

/**
 * The one place that knows the plug-ins: names to lazy imports, so that a command loads only what it uses.
 * A new file in datasets/, teachers/ or students/ gets one line here.
 */
export const teachers: Readonly<Record<string, () => Promise<TeacherKind>>> = {
  classifier: async () => (await import("../teachers/classifier.ts")).teacher,
  "encoder-head": async () => (await import("../teachers/encoder-head.ts")).teacher,
  ensemble: async () => (await import("../teachers/ensemble.ts")).teacher,
  "fine-tuned": async () => (await import("../teachers/fine-tuned.ts")).teacher,
  llm: async () => (await import("../teachers/llm.ts")).teacher,
  precomputed: async () => (await import("../teachers/precomputed.ts")).teacher,
  "zero-shot": async () => (await import("../teachers/zero-shot.ts")).teacher,
};

export const students: Readonly<Record<string, () => Promise<Student>>> = {
  bilstm: async () => (await import("../students/bilstm.ts")).student,
  transformer: async () => (await import("../students/transformer.ts")).student,
};

export const datasets: Readonly<Record<string, () => Promise<Dataset>>> = {
  banking77: async () => (await import("../datasets/banking77.ts")).dataset,
};
