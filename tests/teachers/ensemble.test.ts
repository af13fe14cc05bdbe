import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storedTeacher } from "../../src/labelling/stored-teacher.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { textId } from "../../src/texts/ids.ts";
import type {
  IdentifiedText,
  LabelledText,
  OutlayPlan,
  Teacher,
  TeacherContext,
  TeacherEntry,
} from "../../src/types.ts";
import { teacher as kind } from "../../teachers/ensemble.ts";
import { mixLogits } from "../../teachers/ensemble/mix.ts";
import { answersOf, contextIn } from "./teacher-context.ts";

const CLASSES = ["a", "b"];
const labelledText = (text: string, label: number): LabelledText => ({
  id: textId(text),
  text,
  label,
});
const LABELLED = [labelledText("one", 0), labelledText("two", 1), labelledText("three", 0)];
const IDS = LABELLED.map(({ id }) => id);

/** Logits of a class's probability. */
const logitsOf = (first: number) => Float32Array.of(Math.log(first), Math.log(1 - first));

interface Known {
  /** Probability of the first class, by text. */
  chances: Record<string, number>;
  more?: Partial<Teacher>;
}

let folder: string;
let asked: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-ensemble-"));
  asked = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A member that knows some texts' probabilities. */
function member(name: string, { chances, more = {} }: Known): Teacher {
  const description = { kind: name, labels: CLASSES, chances };
  return {
    description,
    digest: digestOf(description),
    labels: CLASSES,
    capacity: 1,
    parameters: 100,
    bytes: 400,
    maxLength: 16,
    facts: {},
    files: {},
    heldOut: "any",
    async *label(texts) {
      for await (const { id, text } of texts) {
        asked.push(`${name} ${text}`);
        const chance = chances[text];
        yield chance === undefined ? { id, reason: "too rude" } : { id, logits: logitsOf(chance) };
      }
    },
    close: () => Promise.resolve(),
    ...more,
  };
}

function contextWith(
  members: Record<string, Known>,
  more: Partial<TeacherContext> = {},
): TeacherContext {
  const context = contextIn(folder, { classes: CLASSES, labelled: LABELLED, ...more });
  context.openMember = async ({ kind: name, ...options }: TeacherEntry) =>
    name === "ensemble"
      ? await kind.open(kind.options.parse(options), context)
      : await storedTeacher(member(name, members[name]!), {
          labelsFolder: join(folder, "labels"),
          report: () => undefined,
        });
  return context;
}

const open = (options: object, context: TeacherContext) =>
  kind.open(kind.options.parse(options), context);
const chanceOf = (logits: unknown) => {
  const [a, b] = logits as [number, number];
  return Math.exp(a) / (Math.exp(a) + Math.exp(b));
};

const sure: Known = { chances: { one: 0.9, two: 0.1, three: 0.8 } };
const unsure: Known = { chances: { one: 0.6, two: 0.5, three: 0.5 } };

describe("mixLogits", () => {
  it("is the logarithm of the weighted mean of the probabilities", () => {
    // ¼ · (0.9, 0.1) + ¾ · (0.2, 0.8) = (0.375, 0.625)
    const mixed = mixLogits([logitsOf(0.9), logitsOf(0.2)], [0.25, 0.75]);
    expect(mixed[0]).toBeCloseTo(Math.log(0.375), 6);
    expect(mixed[1]).toBeCloseTo(Math.log(0.625), 6);
  });

  it("stands logits whose exponentials no number holds", () => {
    const mixed = mixLogits([Float32Array.of(2000, 0), Float32Array.of(-2000, 0)], [0.5, 0.5]);
    expect(mixed[0]).toBeCloseTo(Math.log(0.5), 6);
    expect(mixed[1]).toBeCloseTo(Math.log(0.5), 6);
  });
});

describe("weights that are given", () => {
  it("weighs the members' probabilities; a text that one of them leaves is set aside", async () => {
    const gap: Known = { chances: { one: 0.2, two: 0.4 } };
    const context = contextWith({ sure, gap });
    const teacher = await open(
      { members: [{ kind: "sure", weight: 3 }, { kind: "gap" }] },
      context,
    );
    const answers = await answersOf(teacher, LABELLED);
    // (3 · 0.9 + 0.2) ÷ 4 and (3 · 0.1 + 0.4) ÷ 4
    expect(chanceOf(answers.get(IDS[0]!))).toBeCloseTo(0.725, 6);
    expect(chanceOf(answers.get(IDS[1]!))).toBeCloseTo(0.175, 6);
    expect(answers.get(IDS[2]!)).toBe("left by member 2 (gap): too rude");
    await teacher.close();
  });

  it("asks no member again under other weights", async () => {
    const members = [{ kind: "sure" }, { kind: "unsure" }];
    await answersOf(await open({ members }, contextWith({ sure, unsure })), LABELLED);
    expect(asked).toHaveLength(6);
    const heavier = [{ kind: "sure", weight: 5 }, { kind: "unsure" }];
    await answersOf(await open({ members: heavier }, contextWith({ sure, unsure })), LABELLED);
    expect(asked).toHaveLength(6);
  });

  it("tells ensembles apart by weights and by members, not by a common factor of the weights", async () => {
    const digest = async (...weights: number[]) => {
      const members = ["sure", "unsure"].map((name, at) => ({ kind: name, weight: weights[at] }));
      return (await open({ members }, contextWith({ sure, unsure }))).digest;
    };
    expect(await digest(1, 3)).toBe(await digest(2, 6));
    expect(await digest(1, 3)).not.toBe(await digest(3, 1));
  });

  it("adds up sizes where all are known, and joins what asking costs", async () => {
    const plan: OutlayPlan = {
      ...{ calls: 3, inputTokens: 30, outputTokens: 3, money: 0.5, currency: "USD" },
      ...{ texts: 3, recipient: "api.example.com", local: false, ceiling: 2 },
    };
    const estimate = (texts: readonly IdentifiedText[]) =>
      Promise.resolve({ ...plan, texts: texts.length });
    const paid: Known = { chances: sure.chances, more: { estimate, parameters: null } };
    const context = contextWith({ paid, unsure });
    const teacher = await open({ members: [{ kind: "paid" }, { kind: "unsure" }] }, context);
    expect(teacher).toMatchObject({ parameters: null, bytes: 800 });
    expect(await teacher.estimate!(LABELLED)).toEqual(plan);
    await answersOf(teacher, LABELLED.slice(0, 2));
    // Two of the three texts are in the member's store by now.
    expect(await teacher.estimate!(LABELLED)).toEqual({ ...plan, texts: 1 });
  });

  it("is made of ensembles too", async () => {
    const inner = { kind: "ensemble", members: [{ kind: "sure" }, { kind: "unsure" }] };
    const context = contextWith({ sure, unsure });
    const teacher = await open({ members: [inner, { kind: "unsure" }] }, context);
    // ((0.9 + 0.6) ÷ 2 + 0.6) ÷ 2
    const answers = await answersOf(teacher, LABELLED);
    expect(chanceOf(answers.get(IDS[0]!))).toBeCloseTo(0.675, 6);
  });
});

describe("weights that are fitted", () => {
  const members = [{ kind: "left" }, { kind: "right" }];
  const fit = (known: Record<string, Known>, more: Partial<TeacherContext> = {}) =>
    open({ members, weights: "fit" }, contextWith(known, more));
  // Right about the label with 0.9 for two texts and wrong with 0.9 for one; the other way round.
  const left: Known = { chances: { one: 0.9, two: 0.1, three: 0.1 } };
  const right: Known = { chances: { one: 0.1, two: 0.9, three: 0.9 } };

  it("fits on gold labels of the labelled texts by answers that had not seen them", async () => {
    const teacher = await fit({ left, right });
    // The derivative of −⅔ log(0.1 + 0.8 w) − ⅓ log(0.9 − 0.8 w) is 0 at 2 · (0.9 − 0.8 w) = 0.1 + 0.8 w: w = 1.7 ÷ 2.4.
    expect(teacher.facts["members"]).toMatchObject([
      { weight: expect.closeTo(1.7 / 2.4, 4) as number },
      {},
    ]);
    expect(teacher.facts).toMatchObject({ fittedOn: "held-out", texts: 3 });
    expect(teacher.usesValidation).toBe(false);
  });

  it("uses held-out answers rather than those of the head that has seen the labels", async () => {
    const logits = Float32Array.from(LABELLED.flatMap(() => [...logitsOf(0.5)]));
    const seen: Known = {
      chances: { one: 0.99, two: 0.01, three: 0.99 },
      more: { heldOut: { ids: IDS, logits } },
    };
    const teacher = await fit({ left: seen, right: sure });
    expect(teacher.facts["members"]).toMatchObject([{ weight: 0 }, { weight: 1 }]);
    expect(teacher.heldOut).toBe("any");
  });

  it("fits on the validation split where there is one, and says so to what is fitted on top", async () => {
    const validation = [labelledText("four", 0)];
    const chances = { one: 0.5, two: 0.5, three: 0.5, four: 0.9 };
    const other = { ...chances, four: 0.2 };
    const teacher = await fit({ left: { chances }, right: { chances: other } }, { validation });
    expect(teacher.facts).toMatchObject({ fittedOn: "validation", texts: 1 });
    expect(teacher.facts["members"]).toMatchObject([{ weight: 1 }, { weight: 0 }]);
    expect(teacher.usesValidation).toBe(true);
  });

  it("does not ask a member that has no share", async () => {
    const wrong: Known = { chances: { one: 0.1, two: 0.9, three: 0.1 } };
    const teacher = await fit({ left: sure, right: wrong });
    asked = [];
    const text = { id: textId("new"), text: "new" };
    await answersOf(teacher, [text]);
    expect(asked).toEqual(["left new"]);
  });

  it("refuses where a member has learned from every gold label", async () => {
    const learned: Known = { ...sure, more: { heldOut: null } };
    await expect(fit({ left: learned, right: unsure })).rejects.toThrow(
      /none: 1 \(left\) has learned from all of them\. Name labelled texts in data\.source\.validation/,
    );
  });

  it("mixes held-out answers of its members for what is fitted on top", async () => {
    const logits = Float32Array.from([...logitsOf(0.9), ...logitsOf(0.2)]);
    const some: Known = { ...sure, more: { heldOut: { ids: IDS.slice(0, 2), logits } } };
    const context = contextWith({ some, unsure });
    const teacher = await open({ members: [{ kind: "some" }, { kind: "unsure" }] }, context);
    const heldOut = teacher.heldOut as { ids: string[]; logits: Float32Array };
    expect(heldOut.ids).toEqual(IDS.slice(0, 2));
    // (0.9 + 0.6) ÷ 2 and (0.2 + 0.5) ÷ 2: the text without held-out answers is not among them.
    expect(chanceOf(heldOut.logits.subarray(0, 2))).toBeCloseTo(0.75, 6);
    expect(chanceOf(heldOut.logits.subarray(2, 4))).toBeCloseTo(0.35, 6);
  });
});

describe("options", () => {
  it("refuses a single member, and weights beside weights: fit", () => {
    expect(() => kind.options.parse({ members: [{ kind: "sure" }] })).toThrow(
      /two members or more/,
    );
    const members = [{ kind: "sure", weight: 2 }, { kind: "unsure" }];
    expect(() => kind.options.parse({ members, weights: "fit" })).toThrow(/no weight beside/);
  });
});
