import { z } from "zod";
import type { TeacherEntry } from "../../src/types.ts";

/** A member's own options are checked by its kind, where the recipe is read. */
const member = z.looseObject({
  kind: z.string().min(1).describe("a name in teachers/"),
  weight: z
    .number()
    .positive()
    .optional()
    .describe("share of this member's probabilities, beside the other members'; 1 where not given"),
});

export const ensembleOptions = z
  .strictObject({
    members: z
      .array(member)
      .min(1)
      .describe(
        "teachers, each with the keys of its kind and a weight; their labels are kept apart",
      ),
    weights: z
      .enum(["given", "fit"])
      .default("given")
      .describe(
        "fit = those with the least negative log-likelihood of gold labels that the members have not learned from",
      ),
  })
  .superRefine(({ members, weights }, context) => {
    if (members.length === 1) {
      context.addIssue({
        code: "custom",
        path: ["members"],
        message:
          "Expected two members or more, got 1. Add another, or make this one the teacher itself.",
      });
    }
    if (weights !== "fit") return;
    members.forEach(({ weight }, index) => {
      if (weight === undefined) return;
      context.addIssue({
        code: "custom",
        path: ["members", index, "weight"],
        message: `Expected no weight beside weights: fit, got ${weight}. Remove one of the two.`,
      });
    });
  });

export type EnsembleOptions = z.output<typeof ensembleOptions>;

/** A member's entry as its own kind reads it. */
export function entryOf(member: EnsembleOptions["members"][number]): TeacherEntry {
  const own = Object.entries(member).filter(([key]) => key !== "weight");
  return { ...Object.fromEntries(own), kind: member.kind };
}
