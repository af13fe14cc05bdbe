import type { RunFiles } from "../../src/report/run-files.ts";
import type {
  LabelDetails,
  PrepareDetails,
  StageManifest,
  StageName,
  TextRow,
  TrainDetails,
  TrainedRun,
} from "../../src/types.ts";

/** Manifests as the stages of a quickstart would leave them. */
export function makeManifests(
  classes: string[],
  texts: readonly TextRow[],
  runs: TrainedRun[],
): RunFiles["manifests"] {
  const prepare: PrepareDetails = {
    classes,
    rows: { labelled: 770, transfer: 8_732, validation: 459, test: texts.length },
    validation: "transfer",
    budget: 770,
    counts: {
      ...{ read: 13_083, duplicates: 35, alsoInEvaluation: 7, empty: 0, truncated: 0 },
      perClass: Object.fromEntries(
        classes.map((label) => [label, { labelled: 10, available: 130, test: 40 }]),
      ),
    },
    columns: [
      { file: "datasets/banking77/train.tsv", text: "text", label: "label", guessed: false },
    ],
    notes: [
      "459 texts of the transfer set were held out to choose the best epoch by the teacher's labels.",
    ],
  };
  const label: LabelDetails = {
    teacher: {
      kind: "encoder-head",
      digest: "8f14e45fceea167a5a36dedd4bea2543f1a9f0c2b3d4e5f60718293a4b5c6d7e",
      store: "/somewhere/.limbeck/labels/8f14e45f",
      labels: classes,
      parameters: 22_565_376,
      bytes: 22_972_370,
      maxLength: 128,
      facts: { strength: 20, folds: 5, crossValidated: 0.846 },
      plan: "free",
      provider: null,
    },
    texts: 13_041,
    computed: 13_041,
    reused: 0,
    missing: {},
    calibration: null,
    notes: [],
  };
  const train: TrainDetails = {
    runs,
    vocabulary: { pieces: 2418, fullPieces: 30_522, unknownShare: 0.0004 },
    embeddings: "teacher",
    notes: [],
  };
  const manifest = <Details>(
    stage: StageName,
    seconds: number,
    details: Details,
  ): StageManifest<Details> => ({
    ...{ schema: "limbeck.stage/1", stage, seconds, files: {}, details },
    digest: "c4ca4238a0b923820dcc509a6f75849b0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    finishedAt: "2026-11-21T11:02:33.120Z",
  });
  return {
    prepare: manifest("prepare", 0.8, prepare),
    label: manifest("label", 38.2, label),
    train: manifest("train", 131.4, train),
    others: [manifest("evaluate", 6.1, {}), manifest("export", 9.3, {})],
  };
}
