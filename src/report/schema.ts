import { z } from "zod";
import { trainingSettings } from "./training-settings.ts";

const count = z.int().min(0);
const interval = z.strictObject({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});
const summary = interval.extend({ deviation: z.number().nullable() }).nullable();

/** null where a measure is not defined: no gold labels, or more than two classes for an interval of AUC. */
const measures = z.strictObject({
  accuracy: summary,
  macroPrecision: summary,
  macroRecall: summary,
  macroF1: summary,
  auc: summary,
  agreement: summary,
  nll: summary,
  brier: summary,
  ece: summary,
});

const system = z.strictObject({
  name: z.string(),
  role: z.enum(["teacher", "student", "control"]),
  kind: z.string(),
  variant: z.string(),
  targets: z.enum(["gold", "soft", "hard-labels", "none"]),
  seeds: z.array(
    z.strictObject({
      seed: z.int(),
      accuracy: z.number().nullable(),
      agreement: z.number().nullable(),
    }),
  ),
  metrics: measures,
  size: z
    .strictObject({
      /** Null where it is not known, as of a teacher on a server. */
      parameters: count.nullable(),
      bytes: z.strictObject({
        onnx: count.optional(),
        files: count.optional(),
        gzip: count.optional(),
      }),
      /** True where the bytes are those of the student with the same graph: the control itself is not exported. */
      sameAsStudent: z.boolean(),
    })
    .nullable(),
  /** One thread, on the exported file, tokenization included; null where it was not measured. */
  speed: z
    .strictObject({
      /** What ran: ONNX Runtime on the exported file, the teacher's own code, or plain JavaScript. */
      runtime: z.enum(["onnxruntime-node", "teacher", "javascript"]),
      p50Ms: z.number(),
      p95Ms: z.number(),
      textsPerSecond: z.number(),
      batchSize: count.nullable(),
      batchTextsPerSecond: z.number().nullable(),
    })
    .nullable(),
});

const differences = z.strictObject({
  accuracy: interval.nullable(),
  macroF1: interval.nullable(),
  agreement: interval.nullable(),
});

const gapClosed = z.union([interval, z.strictObject({ value: z.null(), reason: z.string() })]);

const comparison = z.strictObject({
  student: z.string(),
  control: z.string().nullable(),
  /** Student minus the other, by the other's name. */
  differences: z.record(z.string(), differences),
  mcnemar: z
    .strictObject({ seed: z.int(), studentOnly: count, controlOnly: count, pValue: z.number() })
    .nullable(),
  gapClosed,
});

const details = z.strictObject({
  student: z.string(),
  seed: z.int(),
  perClass: z.array(
    z.strictObject({
      label: z.string(),
      texts: count,
      predicted: count,
      precision: z.number(),
      recall: z.number(),
      f1: z.number(),
    }),
  ),
  confusions: z.array(
    z.strictObject({ gold: z.string(), predicted: z.string(), texts: count, share: z.number() }),
  ),
});

const reliability = z.strictObject({
  system: z.string(),
  bins: z.array(
    z.strictObject({
      from: z.number(),
      to: z.number(),
      texts: count,
      confidence: z.number().nullable(),
      accuracy: z.number().nullable(),
    }),
  ),
});

const curve = z.strictObject({
  system: z.string(),
  role: z.enum(["student", "control"]),
  seed: z.int(),
  /** `[step, validation score]`, ascending by step. */
  points: z.array(z.tuple([z.number(), z.number()])),
});

const parity = z.strictObject({
  system: z.string(),
  split: z.string(),
  texts: count,
  largestDifference: z.number(),
  tolerance: z.number(),
});

const errors = z.strictObject({ nll: z.number(), ece: z.number() });

const calibration = z.strictObject({
  method: z.enum(["temperature", "temperature+bias"]),
  temperature: z.number(),
  bias: z.array(z.number()).nullable(),
  /** Gold labels that it was fitted on, and how many. */
  fittedOn: z.enum(["validation", "held-out"]),
  texts: count,
  /** On the texts that it was fitted on, each calibrated by a fit on other folds of them. */
  heldOut: z.strictObject({ before: errors, after: errors }),
  /** On the test texts; null where they have no labels or the teacher is not scored. */
  test: z.strictObject({ before: errors, after: errors }).nullable(),
});

const stage = z.strictObject({
  stage: z.string(),
  seconds: z.number(),
  digest: z.string(),
  finishedAt: z.string(),
});

const FINDINGS = [
  "helped",
  "within-noise",
  "did-not-help",
  "hurt",
  "no-control",
  "above-teacher",
  "equal-to-teacher",
  "below-teacher",
  "ship-linear",
  "linear-behind",
  "too-few-texts",
  "no-labels",
  "seeds-differ",
] as const;
const findingSchema = z.enum(FINDINGS);
export type Finding = z.output<typeof findingSchema>;

const verdict = z.strictObject({
  /** Name of the student that the verdict is about: the one with the best validation score. */
  student: z.string().nullable(),
  /** true: helped · false: it did not, or it hurt · null: cannot be told. */
  helped: z.boolean().nullable(),
  findings: z.array(findingSchema),
  /** A few words for a heading. */
  headline: z.string(),
  /** Accuracy of the student minus its hard-label control's. */
  gain: interval.nullable(),
  gapClosed,
  pValue: z.number().nullable(),
  /**
   * In this order, each only where it is known: scores beside teacher and controls; size and speed; what distillation
   * gained; whether a linear model is the one to ship; what else a reader must know.
   */
  sentences: z.array(z.string()),
});

export type ReportCalibration = z.output<typeof calibration>;

/** `report/report.json`: the truth from which report.md and report.html are drawn. */
export const reportSchema = z.strictObject({
  schema: z.literal("limbeck.report/1"),
  name: z.string(),
  finishedAt: z.string().nullable(),
  recipe: z.record(z.string(), z.unknown()),
  environment: z.record(z.string(), z.unknown()),
  data: z.strictObject({
    classes: z.array(z.string()),
    rows: z.strictObject({ labelled: count, transfer: count, validation: count, test: count }),
    testLabels: count,
    /** Test texts that the teacher left unanswered. */
    testUnanswered: count,
    validation: z.enum(["gold", "transfer"]),
    budget: count,
    counts: z.strictObject({
      read: count,
      duplicates: count,
      alsoInEvaluation: count,
      empty: count,
      truncated: count,
    }),
    columns: z.array(
      z.strictObject({
        file: z.string(),
        text: z.string(),
        label: z.string().nullable(),
        guessed: z.boolean(),
      }),
    ),
    /** A short test text to try the bundle with. */
    example: z.string().nullable(),
  }),
  teacher: z.strictObject({
    kind: z.string(),
    digest: z.string(),
    maxLength: count.nullable(),
    facts: z.record(z.string(), z.unknown()),
    /** Texts that it was asked about, and how many of them it left unanswered, by reason. */
    coverage: z.strictObject({ texts: count, unanswered: z.record(z.string(), count) }),
    /** Null where its logits are used as they are. */
    calibration: calibration.nullable(),
  }),
  training: z.strictObject({
    vocabulary: z.strictObject({ pieces: count, fullPieces: count, unknownShare: z.number() }),
    embeddings: z.string(),
    /** null where no student was trained. */
    settings: trainingSettings.nullable(),
    runs: z.array(
      z.strictObject({
        variant: z.string(),
        seed: z.int(),
        steps: count,
        epochs: z.number(),
        bestStep: count,
        validationScore: z.number().nullable(),
        seconds: z.number(),
      }),
    ),
    curves: z.array(curve),
  }),
  method: z.strictObject({
    texts: count,
    resamples: count,
    confidence: z.number(),
    seed: count,
    bins: count,
  }),
  /** Fixed order: teacher; each student and its hard-label control; linear-labels, linear-teacher, majority. */
  systems: z.array(system),
  comparisons: z.array(comparison),
  details: z.array(details),
  reliability: z.array(reliability),
  parity: z.array(parity),
  stages: z.array(stage),
  notes: z.array(z.string()),
  verdict,
});

export type LimbeckReport = z.output<typeof reportSchema>;
export type ReportSystem = LimbeckReport["systems"][number];
export type ReportComparison = LimbeckReport["comparisons"][number];
export type Verdict = LimbeckReport["verdict"];
