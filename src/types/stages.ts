export const STAGES = ["prepare", "label", "train", "evaluate", "export", "report"] as const;
export type StageName = (typeof STAGES)[number];

/** Written last: its presence means that the stage is complete. */
export interface StageManifest<Details = unknown> {
  schema: "limbeck.stage/1";
  stage: StageName;
  /** SHA-256 over everything that the stage's output depends on. */
  digest: string;
  finishedAt: string;
  seconds: number;
  /** SHA-256 of each file that the stage wrote, by path relative to the stage's folder. */
  files: Record<string, string>;
  details: Details;
}

export type ProgressEvent =
  | { kind: "stage-start"; stage: StageName; message: string }
  | { kind: "stage-skip"; stage: StageName; message: string }
  | { kind: "stage-end"; stage: StageName; seconds: number; message: string }
  | {
      kind: "progress";
      stage: StageName;
      task: string;
      done: number;
      total: number;
      unit: string;
      /** What else is worth knowing of it just now, such as how many workers there are. */
      detail?: string;
    }
  | { kind: "note"; stage: StageName; message: string }
  | { kind: "warning"; stage: StageName; message: string };

export type Report = (event: ProgressEvent) => void;
