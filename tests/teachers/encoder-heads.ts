import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Teacher, TeacherContext } from "../../src/types.ts";
import { teacher as kind } from "../../teachers/encoder-head.ts";
import {
  encoderHeadOptions,
  type EncoderHeadOptions,
} from "../../teachers/encoder-head/options.ts";
import { contextOf, logitsOf, MODEL, splitBankingTexts } from "./helpers.ts";

/** 6 labels of each of three classes; the other 6 are to be labelled. */
export const { classes, texts, labelled, others } = splitBankingTexts({
  intents: 3,
  perClass: 12,
  labelled: 6,
});

export const optionsOf = (changes: Record<string, unknown>): EncoderHeadOptions =>
  encoderHeadOptions.parse({ model: MODEL, strength: 10, ...changes });

type Changes = Partial<TeacherContext>;

export interface EncoderHeads {
  /** Where their vectors are kept. */
  readonly labelsFolder: string;
  open: (options: Record<string, unknown>, changes?: Changes) => Promise<Teacher>;
  /** Opens a teacher, has it answer {@link others}, closes it. */
  answersOf: (
    options: Record<string, unknown>,
    changes?: Changes,
  ) => Promise<{ teacher: Teacher; answers: Map<string, Float32Array> }>;
}

/** Encoder-heads for the tests of the calling file, which share a folder of vectors that goes at the end. */
export function useEncoderHeads(): EncoderHeads {
  let labelsFolder = "";
  beforeAll(async () => {
    labelsFolder = await mkdtemp(join(tmpdir(), "limbeck-encoders-"));
  });
  afterAll(async () => {
    await rm(labelsFolder, { recursive: true });
  });
  const open: EncoderHeads["open"] = (options, changes = {}) =>
    kind.open(optionsOf(options), contextOf({ labelled, classes, labelsFolder, ...changes }));
  return {
    get labelsFolder() {
      return labelsFolder;
    },
    open,
    async answersOf(options, changes) {
      const teacher = await open(options, changes);
      const answers = await logitsOf(teacher, others);
      await teacher.close();
      return { teacher, answers };
    },
  };
}
