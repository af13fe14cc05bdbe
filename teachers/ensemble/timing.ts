import { join } from "node:path";
import { LimbeckError } from "../../src/errors.ts";
import { readDescription } from "../../src/labels/description.ts";
import type { TeacherKind, TimedTeacher } from "../../src/types.ts";
import { mixLogits } from "./mix.ts";
import { entryOf, type EnsembleOptions } from "./options.ts";

/** A member as the ensemble's teacher.json names it. */
interface DescribedMember {
  teacher: string;
  weight: number;
}

async function readMembers(root: string, entries: number): Promise<DescribedMember[]> {
  const members = (await readDescription(root))?.description["members"];
  if (Array.isArray(members) && members.length === entries) return members as DescribedMember[];
  throw new LimbeckError(
    "E_TEACHER",
    `Expected the ensemble that labelled the texts in ${root}, got another teacher.json. Label them again: limbeck run RECIPE --from label.`,
  );
}

/** The members that have a share, one after the other on one thread; null where one of them does not run here. */
export const openForTiming: TeacherKind<EnsembleOptions>["openForTiming"] = async (
  { members },
  context,
) => {
  const described = await readMembers(join(context.labelsFolder, context.digest), members.length);
  const opened: { timed: TimedTeacher; weight: number }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(({ timed }) => timed.close()));
  };
  try {
    for (const [place, member] of members.entries()) {
      const { teacher: digest, weight } = described[place]!;
      if (weight === 0) continue;
      const { kind, options } = await context.findKind(entryOf(member));
      const timed = await kind.openForTiming(options, { ...context, digest });
      if (timed === null) {
        await close();
        return null;
      }
      opened.push({ timed, weight });
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  const weights = opened.map(({ weight }) => weight);
  return {
    async classify(texts) {
      const answers: Float32Array[][] = [];
      for (const { timed } of opened) answers.push(await timed.classify(texts));
      return texts.map((_, row) =>
        mixLogits(
          answers.map((member) => member[row]!),
          weights,
        ),
      );
    },
    close,
  };
};
