import type { ZodType } from "zod";
import type { OutlayPlan } from "./outlay.ts";
import type { Report } from "./stages.ts";
import type { Teacher, TeacherLexicon, TimedTeacher } from "./teacher.ts";
import type { IdentifiedText, LabelledText } from "./texts.ts";

/** A `teacher` entry of a recipe: its kind, and options that the kind's schema checks. */
export type TeacherEntry = Readonly<Record<string, unknown>> & { kind: string };

/** What finding a teacher's files takes. */
export interface TeacherPlace {
  /** Finds a path of the recipe: beside the recipe, in the working directory, in the package. */
  resolve(path: string): string;
  /** `.limbeck/models`: where downloaded models are kept. */
  modelsFolder: string;
  /** Whether a model that is not there may be downloaded. */
  download: boolean;
  /** Told of a download; nobody is where it is left out. */
  report?: Report;
  /** Ends a download. */
  signal?: AbortSignal;
  /** Another kind with its options checked, for teachers that are made of others. @throws LimbeckError `E_RECIPE` */
  findKind(entry: TeacherEntry): Promise<{ kind: TeacherKind; options: unknown }>;
}

export interface TeacherContext extends TeacherPlace {
  /** Gold labels that may be learned from. */
  labelled: readonly LabelledText[];
  /** Gold labels of a validation split that the recipe names; empty where it names none. */
  validation: readonly LabelledText[];
  classes: readonly string[];
  /** `.limbeck/labels`: where encoder vectors are cached under the encoder's own digest. */
  labelsFolder: string;
  /** Whether vectors are kept there; not so where texts stream through. */
  cache: boolean;
  /** Folder of a label store whose files the teacher is opened from instead of being fitted anew; null: it is fitted. */
  fitted: string | null;
  /** Texts that are to be labelled, where they are known beforehand: what a plan of the outlay counts. */
  corpus?: readonly IdentifiedText[];
  /**
   * Asks whether this may be sent and spent: to be awaited before the first call. Where there is none nothing may leave.
   *
   * @param again - passes where anything was agreed to for that recipient: the amount was asked about before
   * @throws LimbeckError `E_USAGE` or `E_ABORTED` where it may not.
   */
  agree?: (plan: OutlayPlan, again?: "again") => Promise<void>;
  /** Whether held-out answers will be asked for; where not, a teacher may spare the fits that they take. Default: yes. */
  wantsHeldOut?: boolean;
  /** Opens another teacher whose labels go through its own label store. */
  openMember(entry: TeacherEntry): Promise<Teacher>;
  /** Worker threads to use. */
  workers: number;
  seed: number;
  signal: AbortSignal;
  report: Report;
}

/** What a file in teachers/ exports as `teacher`. */
export interface TeacherKind<Options = unknown> {
  /** Options of the recipe's `teacher` key besides `kind`. */
  options: ZodType<Options>;
  /** Whether such a teacher sends texts to another program or costs money; it then asks before its first call. */
  sends?: boolean;
  /** One line for `recipe explain`. */
  summary: string;
  /** SHA-256 over what the options name (model files): part of the label stage's digest. Must be quick. */
  fingerprint(options: Options, place: TeacherPlace): Promise<string>;
  /** Null where the kind has no word vectors: the shipped encoder's serve instead. */
  lexicon(options: Options, place: TeacherPlace): Promise<TeacherLexicon | null>;
  open(options: Options, context: TeacherContext): Promise<Teacher>;
  /** The same teacher for timing; null where it does not run on this machine. */
  openForTiming(
    options: Options,
    context: TeacherPlace & Pick<TeacherContext, "labelsFolder"> & { digest: string },
  ): Promise<TimedTeacher | null>;
}
