import { z } from "zod";

const column = z.string().min(1).optional();

export const precomputedOptions = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .describe("the answers: .csv, .tsv, .jsonl or .parquet (.gz of each), one row a text"),
    values: z
      .enum(["auto", "logits", "probabilities", "labels"])
      .default("auto")
      .describe("what the file holds of each text; auto = told by the columns and the first rows"),
    id: column.describe("column of the texts' ids, 32 hexadecimal digits; found where not given"),
    text: column.describe("column of the texts, where rows are joined by text rather than by id"),
    label: column.describe("column of the class, where the file holds one name a text"),
    list: column.describe("column with a list of numbers, one for each class"),
    classes: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("order of the classes in the lists, where the file does not say it"),
    prefix: z
      .string()
      .default("")
      .describe("what precedes a class's name in the name of its column"),
    ignore: z
      .array(z.string())
      .default([])
      .describe("columns that are neither ids, texts nor classes"),
    smoothing: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.1)
      .describe("of labels: probability that is shared out among all classes"),
    maxCharacters: z
      .int()
      .min(16)
      .default(10_000)
      .describe("as data.maxCharacters: a longer text is known by its beginning"),
  })
  .refine(({ label, list }) => label === undefined || list === undefined, {
    path: ["list"],
    message: "Expected either teacher.label or teacher.list, got both. Remove one of them.",
  });

export type PrecomputedOptions = z.output<typeof precomputedOptions>;
/** What a file holds of each text. */
export type Values = Exclude<PrecomputedOptions["values"], "auto">;

/** Where a file has what. */
export interface Layout {
  key: { column: string; by: "id" | "text" };
  /** One column per class, in the order of the classes; or one with lists; or one with names. */
  source:
    | { kind: "columns"; columns: string[] }
    /** `order[c]`: place of class `c` in the lists. */
    | { kind: "list"; column: string; order: number[] }
    | { kind: "label"; column: string };
  values: Values;
}
