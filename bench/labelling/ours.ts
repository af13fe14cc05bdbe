// Our side of `npm run bench -- labelling`: labels texts into a fresh store, one request a line.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTeacher } from "../../src/labelling/open-teacher.ts";
import { teacherPlace } from "../../src/labelling/place.ts";
import { openStore } from "../../src/labelling/stored-teacher.ts";
import { labelTexts } from "../../src/labels/label-texts.ts";
import { answerLines } from "../training/answer-lines.ts";
import type { Teacher } from "../../src/types.ts";
import type { LabellingTexts } from "./texts.ts";

const signal = new AbortController().signal;
const report = (): void => undefined;

interface Request {
  do: "label" | "second-head";
  /** File of a {@link LabellingTexts}. */
  path: string;
  cores: number;
}

interface Work {
  data: LabellingTexts;
  labelsFolder: string;
  cores: number;
}

/** Opens the teacher with a head on the first or the second half of the labelled texts. */
async function open({ data, labelsFolder, cores }: Work, half: 0 | 1): Promise<Teacher> {
  const { classes, maxLength } = data;
  const labelled = data.labelled.filter((_, index) => index % 2 === half);
  const entry = { kind: "encoder-head", model: "teachers/minilm-l6-v2", strength: 20, maxLength };
  return await openTeacher(entry, {
    recipe: { data: { seed: 0 } } as Parameters<typeof openTeacher>[1]["recipe"],
    place: teacherPlace({ recipeFolder: null, labelsFolder, download: false }),
    gold: { labelled, validation: [] },
    ...{ labelsFolder, classes, signal, report, workers: cores },
  });
}

/** Seconds until every text's logits are on disk. */
async function label({ data: { texts }, labelsFolder }: Work, teacher: Teacher): Promise<number> {
  const started = performance.now();
  const store = await openStore(teacher, { labelsFolder, report });
  await labelTexts({ teacher, store, texts, signal, progress: () => undefined });
  if (store.size < texts.length)
    throw new Error(`Expected ${texts.length} texts in the store, got ${store.size}.`);
  return (performance.now() - started) / 1000;
}

/**
 * Labels all texts once into an empty folder. The head is fitted before the clock starts, which also loads the sessions;
 * tokenizing, running, pooling, the head, and the writing of vectors and of logits to disk count.
 */
async function labelOnce(work: Work): Promise<object> {
  const teacher = await open(work, 0);
  try {
    return { seconds: await label(work, teacher), texts: work.data.texts.length };
  } finally {
    await teacher.close();
  }
}

/** Labels all texts, and again with another head, whose fitting counts: the encoder's vectors are there. */
async function labelTwice(work: Work): Promise<object> {
  await labelOnce(work);
  const started = performance.now();
  const teacher = await open(work, 1);
  try {
    await label(work, teacher);
    return { seconds: (performance.now() - started) / 1000, texts: work.data.texts.length };
  } finally {
    await teacher.close();
  }
}

async function answer({ do: what, path, cores }: Request): Promise<object> {
  const data = JSON.parse(await readFile(path, "utf8")) as LabellingTexts;
  const folder = await mkdtemp(join(tmpdir(), "limbeck-labelling-"));
  const work = { data, labelsFolder: join(folder, "labels"), cores };
  try {
    return await (what === "second-head" ? labelTwice : labelOnce)(work);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await answerLines((request) => answer(request as unknown as Request));
