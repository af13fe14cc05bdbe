import { fitMixtureWeights } from "../src/math/mixture-weights.ts";
import { logSoftmax } from "../src/math/softmax.ts";
import { digestOf } from "../src/platform/digest.ts";
import type {
  HeldOutLabels,
  IdentifiedText,
  OutlayPlan,
  Teacher,
  TeacherAnswer,
  TeacherContext,
  TeacherKind,
} from "../src/types.ts";
import { askMembers, CHUNK_TEXTS, inChunks, type Member } from "./ensemble/ask-members.ts";
import { joinEstimates } from "./ensemble/estimate.ts";
import { answersToFitOn, joinHeldOut, type MemberAnswers } from "./ensemble/held-out.ts";
import { mixLogits } from "./ensemble/mix.ts";
import { ensembleOptions, entryOf, type EnsembleOptions } from "./ensemble/options.ts";
import { openForTiming } from "./ensemble/timing.ts";

async function openMembers(
  { members }: EnsembleOptions,
  context: TeacherContext,
): Promise<Member[]> {
  const opened: Member[] = [];
  try {
    for (const [place, member] of members.entries()) {
      const teacher = await context.openMember(entryOf(member));
      opened.push({ name: `${place + 1} (${member.kind})`, teacher });
    }
    return opened;
  } catch (thrown) {
    await closeAll(opened);
    throw thrown;
  }
}

async function closeAll(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(({ teacher }) => teacher.close()));
}

/** `[M]`, sum 1, and how they came about. */
interface Weights {
  values: Float64Array;
  facts: Record<string, unknown>;
  /** Whether they were fitted on the validation split. */
  usesValidation: boolean;
}

async function chooseWeights(
  { members: entries, weights }: EnsembleOptions,
  members: readonly Member[],
  context: TeacherContext,
): Promise<Weights> {
  if (weights === "given") {
    const given = Float64Array.from(entries, ({ weight }) => weight ?? 1);
    const sum = given.reduce((total, weight) => total + weight, 0);
    return { values: given.map((weight) => weight / sum), facts: {}, usesValidation: false };
  }
  const gold = await answersToFitOn(members, context);
  const fitted = fitMixtureWeights(gold.logits.map((logits) => goldProbabilities(logits, gold)));
  return {
    values: fitted.weights,
    facts: { fittedOn: gold.from, texts: gold.ids.length, nll: fitted.nll, gap: fitted.gap },
    usesValidation: gold.from === "validation",
  };
}

/** `softmax(z)[gold]` of each text, `[N]`. */
function goldProbabilities(logits: Float32Array, { labels }: MemberAnswers): Float64Array {
  const classes = logits.length / labels.length;
  return Float64Array.from(labels, (label, row) =>
    Math.exp(logSoftmax(logits.subarray(row * classes, (row + 1) * classes))[label]!),
  );
}

/** What the mixture says of labelled texts that no member has learned from. */
async function heldOutOf(
  members: readonly Member[],
  weights: Float64Array,
  context: TeacherContext,
): Promise<HeldOutLabels | "any" | null> {
  const joined = await joinHeldOut(members, context);
  if (joined === null || joined === "any") return joined;
  const { ids, logits } = joined;
  const classes = members[0]!.teacher.labels.length;
  const mixed = new Float32Array(ids.length * classes);
  ids.forEach((_, row) => {
    const rows = logits.map((all) => all.subarray(row * classes, (row + 1) * classes));
    mixed.set(mixLogits(rows, weights), row * classes);
  });
  return { ids, logits: mixed };
}

/** The sum, or null where one of them is not known. */
function total(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (sum, value) => (sum === null || value === null ? null : sum + value),
    0,
  );
}

async function* labelTexts(
  asked: readonly Member[],
  weights: Float64Array,
  texts: AsyncIterable<IdentifiedText>,
  signal: AbortSignal,
): AsyncGenerator<TeacherAnswer> {
  for await (const chunk of inChunks(texts)) {
    for await (const answer of askMembers(asked, chunk, signal)) {
      if ("reason" in answer) yield answer;
      else yield { id: answer.id, logits: mixLogits(answer.rows, weights) };
    }
  }
}

async function assemble(
  options: EnsembleOptions,
  members: readonly Member[],
  context: TeacherContext,
): Promise<Teacher> {
  const { values, facts, usesValidation } = await chooseWeights(options, members, context);
  const asked = members.filter((_, place) => values[place]! > 0);
  const shares = values.filter((weight) => weight > 0);
  const described = members.map(({ teacher }, place) => ({
    teacher: teacher.digest,
    weight: values[place]!,
  }));
  const { classes } = context;
  const description = { kind: "ensemble", format: 1, labels: classes, members: described };
  const teachers = asked.map(({ teacher }) => teacher);
  const lengths = teachers.flatMap(({ maxLength }) => maxLength ?? []);
  const provider = teachers.find((one) => one.provider)?.provider;
  const shown = members.map(({ name }, place) => `${name} ${values[place]!.toFixed(3)}`);
  return {
    description,
    digest: digestOf(description),
    labels: classes,
    capacity: CHUNK_TEXTS,
    parameters: total(teachers.map(({ parameters }) => parameters)),
    bytes: total(teachers.map(({ bytes }) => bytes)),
    maxLength: lengths.length === 0 ? null : Math.max(...lengths),
    facts: {
      ...facts,
      members: members.map(({ name, teacher }, place) => ({
        name,
        weight: values[place],
        digest: teacher.digest,
        facts: teacher.facts,
      })),
      summary: `weights ${options.weights === "fit" ? "fitted: " : ""}${shown.join(", ")}`,
    },
    files: {},
    heldOut: await heldOutOf(asked, shares, context),
    usesValidation: usesValidation || teachers.some((one) => one.usesValidation === true),
    ...(provider === undefined ? {} : { provider }),
    ...(teachers.some((one) => one.estimate !== undefined)
      ? {
          estimate: (texts: readonly IdentifiedText[]): Promise<OutlayPlan> =>
            joinEstimates(teachers, texts),
        }
      : {}),
    label: (texts, signal) => labelTexts(asked, shares, texts, signal),
    close: () => closeAll(members),
  };
}

async function open(options: EnsembleOptions, context: TeacherContext): Promise<Teacher> {
  const members = await openMembers(options, context);
  try {
    return await assemble(options, members, context);
  } catch (thrown) {
    await closeAll(members);
    throw thrown;
  }
}

/**
 * Several teachers as one: the weighted mean of their probabilities, back to logits (see {@link mixLogits}). Members
 * label through their own stores, so that other weights ask none of them again.
 */
export const teacher: TeacherKind<EnsembleOptions> = {
  options: ensembleOptions,
  // A member may: each asks for itself, and what all of them cost is planned together.
  sends: true,
  summary: "the weighted mean of several teachers' probabilities",
  async fingerprint({ members }, place) {
    const prints: string[] = [];
    for (const member of members) {
      const { kind, options } = await place.findKind(entryOf(member));
      prints.push(await kind.fingerprint(options, place));
    }
    return digestOf(prints);
  },
  async lexicon({ members }, place) {
    for (const member of members) {
      const { kind, options } = await place.findKind(entryOf(member));
      const lexicon = await kind.lexicon(options, place);
      if (lexicon !== null) return lexicon;
    }
    return null;
  },
  open,
  openForTiming,
};
