// The shapes that stages and plug-ins share.
export { SPLITS } from "./types/texts.ts";
export type { IdentifiedText, LabelledText, Split, TextId, TextRow } from "./types/texts.ts";
export { STAGES } from "./types/stages.ts";
export type { ProgressEvent, Report, StageManifest, StageName } from "./types/stages.ts";
export type {
  LabelDetails,
  PrepareDetails,
  TrainDetails,
  TrainedRun,
} from "./types/stage-details.ts";
export { CALIBRATIONS } from "./types/calibration.ts";
export type {
  CalibrationDetails,
  CalibrationMethod,
  CalibrationScores,
} from "./types/calibration.ts";
export type { HeldOutLabels, SetAside, TeacherAnswer, TeacherLabel } from "./types/answers.ts";
export type { Outlay, OutlayPlan } from "./types/outlay.ts";
export type { Teacher, TeacherLexicon, TimedTeacher } from "./types/teacher.ts";
export type {
  TeacherContext,
  TeacherEntry,
  TeacherKind,
  TeacherPlace,
} from "./types/teacher-kind.ts";
export type { Student, StudentSizes } from "./types/student.ts";
export type { Dataset } from "./types/dataset.ts";
