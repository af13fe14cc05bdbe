// Our side of `npm run bench -- labelling`: labels texts into a fresh store, one request a line.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTeacher } from "../../src/labelling/open-teacher.ts";
import { teacherPlace } from "../../src/labelling/place.ts";
import { openStore } from "../../src/labelling/stored-teacher.ts";
import { labelTexts } from "../../src/labels/label-texts.ts";
import { answerLines } from "../training/answer-lines.ts";
import type { LabellingTexts } from "./texts.ts";

const signal = new AbortController().signal;
const report = (): void => undefined;

interface Request {
  /** File of a {@link LabellingTexts}. */
  path: string;
  cores: number;
}

/**
 * Labels all texts once into an empty folder. The head is fitted before the clock starts, which also loads the sessions;
 * tokenizing, running, pooling, the head, and the writing of vectors and of logits to disk count.
 */
async function labelAll({ path, cores }: Request): Promise<object> {
  const { texts, labelled, classes, maxLength } = JSON.parse(
    await readFile(path, "utf8"),
  ) as LabellingTexts;
  const folder = await mkdtemp(join(tmpdir(), "limbeck-labelling-"));
  const labelsFolder = join(folder, "labels");
  const entry = { kind: "encoder-head", model: "teachers/minilm-l6-v2", strength: 20, maxLength };
  const teacher = await openTeacher(entry, {
    recipe: { data: { seed: 0 } } as Parameters<typeof openTeacher>[1]["recipe"],
    place: teacherPlace({ recipeFolder: null, labelsFolder, download: false }),
    gold: { labelled, validation: [] },
    ...{ labelsFolder, classes, signal, report, workers: cores },
  });
  try {
    const store = await openStore(teacher, { labelsFolder, report });
    const started = performance.now();
    await labelTexts({ teacher, store, texts, signal, progress: () => undefined });
    const seconds = (performance.now() - started) / 1000;
    return { seconds, texts: store.size };
  } finally {
    await teacher.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await answerLines((request) => labelAll(request as unknown as Request));
