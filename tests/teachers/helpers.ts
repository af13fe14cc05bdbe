import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textId } from "../../src/texts/ids.ts";
import type {
  IdentifiedText,
  LabelledText,
  Teacher,
  TeacherContext,
  TeacherLabel,
  TeacherPlace,
} from "../../src/types.ts";

export const MODEL = new URL("../../teachers/minilm-l6-v2", import.meta.url).pathname;
const FILE = new URL("../../datasets/banking77/train.tsv", import.meta.url);

/** Real texts, none twice, of the first few intents by name: `perClass` of each. */
export function bankingTexts(
  intents: number,
  perClass: number,
): { classes: string[]; texts: LabelledText[] } {
  const lines = readFileSync(FILE, "utf8").trim().split("\n").slice(1);
  const byLabel = new Map<string, Map<string, string>>();
  for (const line of lines) {
    const [label, text] = line.split("\t") as [string, string];
    const texts = byLabel.get(label) ?? new Map<string, string>();
    byLabel.set(label, texts.set(textId(text), text));
  }
  const classes = [...byLabel.keys()].sort().slice(0, intents);
  const texts = classes.flatMap((name, label) =>
    [...byLabel.get(name)!].slice(0, perClass).map(([id, text]) => ({ id, text, label })),
  );
  return { classes, texts };
}

/** The same, `labelled` of each intent to learn from and the others to be labelled. */
export function splitBankingTexts({
  intents,
  perClass,
  labelled: count,
}: {
  intents: number;
  perClass: number;
  labelled: number;
}): {
  classes: string[];
  texts: LabelledText[];
  labelled: LabelledText[];
  others: LabelledText[];
} {
  const { classes, texts } = bankingTexts(intents, perClass);
  const labelled = classes.flatMap((_, label) =>
    texts.filter((text) => text.label === label).slice(0, count),
  );
  return { classes, texts, labelled, others: texts.filter((text) => !labelled.includes(text)) };
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as a stream
export async function* streamOf(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/** A teacher's logits by text id; every text is answered once. */
export async function logitsOf(
  teacher: Teacher,
  texts: readonly IdentifiedText[],
): Promise<Map<string, Float32Array>> {
  const answers = new Map<string, Float32Array>();
  for await (const answer of teacher.label(streamOf(texts), new AbortController().signal)) {
    if (answers.has(answer.id)) throw new Error(`${answer.id} was answered twice`);
    answers.set(answer.id, (answer as TeacherLabel).logits);
  }
  return answers;
}

/** Where teachers of tests find their files: paths as they are, nothing downloaded. */
export function placeOf(): TeacherPlace {
  return {
    resolve: (path) => path,
    modelsFolder: join(tmpdir(), "limbeck-no-models"),
    download: false,
    findKind: () => Promise.reject(new Error("no other kinds here")),
  };
}

export function contextOf(
  changes: Pick<TeacherContext, "labelled" | "classes" | "labelsFolder"> & Partial<TeacherContext>,
): TeacherContext {
  return {
    ...placeOf(),
    validation: [],
    cache: true,
    fitted: null,
    openMember: () => Promise.reject(new Error("no members here")),
    // Threads take long to start; that two answer as one does is the pool's own test.
    workers: 1,
    seed: 0,
    signal: new AbortController().signal,
    report: () => undefined,
    ...changes,
  };
}
