import { z } from "zod";
import { CALIBRATIONS } from "../types.ts";
import { whole } from "./fields.ts";
import { trainSchema } from "./train-schema.ts";

const paths = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const source = z
  .union([
    z.string().min(1),
    z.strictObject({
      train: paths.optional().describe("texts, with or without labels"),
      unlabeled: paths.optional().describe("texts whose labels, if any, are not read"),
      validation: paths
        .optional()
        .describe("labelled texts that choose the best epoch; they count as bought"),
      test: paths.optional().describe("labelled texts that only the last comparison reads"),
    }),
  ])
  .describe(
    "a name in datasets/, a path (.csv .tsv .jsonl .parquet .txt, .gz of each, a folder, a glob), or files by split",
  );

/** More than none and less than all. */
const part = z.number().gt(0).lt(1);

const data = z.strictObject({
  source,
  columns: z
    .strictObject({
      text: z.string().min(1).optional().describe("column of the text; guessed where not given"),
      label: z
        .string()
        .min(1)
        .optional()
        .describe("column of the gold label; guessed where not given"),
    })
    .prefault({})
    .describe("column names; guessed from the header where they are not given"),
  classes: z
    .array(z.string().min(1))
    .min(2)
    .optional()
    .describe(
      "names of the classes, where no text has a label or some class has none; found from the labels where not given",
    ),
  labelled: z
    .union([
      z.literal("all"),
      z.literal("none"),
      z.strictObject({ perClass: whole(1).describe("gold labels of each class that may be used") }),
      z.strictObject({ count: whole(2).describe("gold labels that may be used in all") }),
    ])
    .default("all")
    .describe(
      "gold labels that may be used: { perClass: N }, { count: N }, all, or none for a teacher that needs none; the rest is the transfer set",
    ),
  testShare: part
    .default(0.2)
    .describe(
      "share of the labelled texts, stratified, that becomes the test split where the source has none",
    ),
  validationShare: part
    .default(0.05)
    .describe(
      "share of the transfer texts, 1,000 at most, held out to choose the best epoch by the teacher's labels",
    ),
  maxCharacters: whole(16)
    .default(10_000)
    .describe("longer texts are cut here; how many were is reported"),
  seed: whole(0).default(0).describe("draw of the labelled texts and of splits that are made"),
});

const embedding = z.strictObject({
  size: whole(2)
    .default(128)
    .describe("width of the token vectors: size of the model is mostly vocabulary × this"),
  init: z
    .enum(["teacher", "random"])
    .default("teacher")
    .describe(
      "start from the teacher's token vectors (PCA to this width): worth about a point, eleven on few labels",
    ),
});

/** Keys of one student that every kind shares; the rest is the kind's own and checked by its schema. */
const studentSchema = z.looseObject({
  kind: z.string().min(1).default("bilstm").describe("a name in students/"),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and hyphens")
    .optional()
    .describe("folder name of this student; its kind where not given"),
  embedding: embedding.prefault({}).describe("the token vectors"),
});

/** Keys that every kind of teacher shares; the rest is the kind's own and checked by its schema. */
const teacherSchema = z.looseObject({
  kind: z.string().min(1).describe("a name in teachers/, or a path such as ./my-teacher.ts"),
  calibrate: z
    .enum(CALIBRATIONS)
    .default("none")
    .describe(
      "whether the logits are made as sure as they are right, on gold labels that the teacher has not learned from",
    ),
});

const CONTROLS = ["hard-label", "linear", "majority"] as const;
export const FORMATS = ["onnx"] as const;

/** The recipe: everything but `data` and `teacher` has a default that is right for most users. */
export const recipeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "letters, digits, dots, hyphens and underscores")
    .optional()
    .describe("names the run's folder, runs/<name>; the file's name where not given"),
  task: z
    .enum(["classification"])
    .default("classification")
    .describe("what is predicted: one class for each text"),
  data: data.describe("the texts, and how many of their labels may be used"),
  teacher: teacherSchema.describe("the large model that labels the transfer set"),
  student: z
    .union([studentSchema, z.array(studentSchema).min(1)])
    .prefault({})
    .describe("one student, or a list to compare"),
  train: trainSchema.prefault({}).describe("how the students are trained"),
  controls: z
    .array(z.enum(CONTROLS))
    .default([...CONTROLS])
    .describe(
      "what the student must beat: the same student on the hard labels, a linear model, the commonest class",
    ),
  evaluate: z
    .strictObject({
      resamples: whole(100).default(10_000).describe("bootstrap resamples of the test texts"),
      confidence: z.number().gt(0.5).lt(1).default(0.95).describe("level of the intervals"),
      seed: whole(0).default(0).describe("draw of the resamples"),
    })
    .prefault({})
    .describe("how the systems are compared"),
  export: z
    .strictObject({
      formats: z.array(z.enum(FORMATS)).min(1).default(["onnx"]).describe("files of the bundle"),
      tolerance: z
        .number()
        .positive()
        .default(1e-4)
        .describe(
          "largest difference of a logit between the exported file and the trained student",
        ),
    })
    .prefault({})
    .describe("the bundle that ships"),
});

export type RecipeInput = z.input<typeof recipeSchema>;
type Parsed = z.output<typeof recipeSchema>;
export type StudentRecipe = z.output<typeof studentSchema> & { name: string };

/** A recipe with every default written out. */
export interface Recipe extends Omit<Parsed, "name" | "student" | "train"> {
  name: string;
  /** Always a list; every student has a name, all different. */
  student: StudentRecipe[];
  train: Omit<Parsed["train"], "seeds"> & { seeds: number[] };
}

export type TrainRecipe = Recipe["train"];
