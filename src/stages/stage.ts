import type { QueueOptions } from "../fleet/label-on-queue.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Agree } from "../labelling/consent.ts";
import type { OutlayPlan, Report, StageName } from "../types.ts";

/** What every stage is given. */
export interface StageContext {
  recipe: Recipe;
  /** Folder of the recipe file, absolute; null where the recipe is an object. */
  recipeFolder: string | null;
  /** The run's folder, absolute. */
  run: string;
  /** `.limbeck/labels`, absolute. */
  labelsFolder: string;
  /** Whether a teacher's model that is not there may be downloaded. */
  download: boolean;
  /** Has the label stage done by workers that take their texts from a queue. */
  queue?: QueueOptions | undefined;
  /** Asks whether texts may be sent out and money be spent; where it is missing they may not. */
  agree?: Agree;
  /** Whether texts that the teacher had no usable answer for are asked about again. */
  retrySetAside?: boolean;
  signal: AbortSignal;
  report: Report;
}

/**
 * A step of the pipeline. It reads the folders of earlier stages, writes its own, and returns the details of its
 * manifest, which the runner writes last.
 */
export interface Stage<Details = unknown> {
  name: StageName;
  /** Raised when the code's output changes for the same input: part of the digest. */
  version: number;
  /** Whether the stage finds its own unfinished work in its folder. Otherwise it starts in an empty one. */
  resumes?: boolean;
  /** Everything else that the output depends on: the recipe's keys, the digests of earlier stages, files' hashes. */
  inputs(context: StageContext): Promise<unknown>;
  /** One line that says what is done and why, for the terminal. */
  describe(context: StageContext): string;
  /** What running would send out and cost, found out without sending anything; null where it is nothing. */
  plan?(context: StageContext): Promise<OutlayPlan | null>;
  run(context: StageContext): Promise<{ details: Details; summary: string }>;
}
