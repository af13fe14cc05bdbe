import { join } from "node:path";
import { LimbeckError, messageOf } from "../errors.ts";
import { openConsent } from "../labelling/consent.ts";
import { openTeacher } from "../labelling/open-teacher.ts";
import { teacherPlace } from "../labelling/place.ts";
import { differences, readDescription } from "../labels/description.ts";
import type { Report, Teacher } from "../types.ts";
import { readOrder, type ShardJob } from "./order.ts";

export interface OpenTeachersOptions {
  labelsFolder: string;
  /** Where the recipes' relative paths start from on this machine; null: where they do on the producer's. */
  recipeFolder: string | null;
  download: boolean;
  /** Threads of an encoder. */
  workers: number;
  signal: AbortSignal;
  report: Report;
}

/** What keeps this machine from labelling, whatever the shard: thrown, it ends the worker. */
export class CannotWork extends Error {
  override readonly name = "CannotWork";
}

/** The teacher of the job in hand: kept open, since the next job is mostly for the same one. */
export class OpenTeachers {
  private readonly options: OpenTeachersOptions;
  private current: { key: string; teacher: Teacher } | null = null;

  constructor(options: OpenTeachersOptions) {
    this.options = options;
  }

  /** @throws CannotWork where the producer's teacher cannot be opened here, or is another one here. */
  async get(job: ShardJob): Promise<Teacher> {
    const key = `${job.store} ${job.order}`;
    if (this.current?.key === key) return this.current.teacher;
    await this.close();
    try {
      const teacher = await this.open(job);
      this.current = { key, teacher };
      return teacher;
    } catch (thrown) {
      throw new CannotWork(messageOf(thrown), { cause: thrown });
    }
  }

  async close(): Promise<void> {
    const { current } = this;
    this.current = null;
    await current?.teacher.close();
  }

  private async open({ store, order: hash }: ShardJob): Promise<Teacher> {
    const { labelsFolder, download, workers, signal, report } = this.options;
    const root = join(labelsFolder, store);
    const order = await readOrder(root, hash);
    const recipeFolder = this.options.recipeFolder ?? order.recipeFolder;
    const { recipe, classes, gold } = order;
    report({ kind: "note", stage: "label", message: `opening the teacher ${recipe.teacher.kind}` });
    const teacher = await openTeacher(recipe.teacher, {
      recipe,
      place: teacherPlace({ recipeFolder, labelsFolder, download }),
      labelsFolder,
      classes,
      gold,
      signal,
      report,
      // The producer was asked before it put texts on the queue.
      agree: openConsent({ yes: true, report }),
      // Every worker reading and writing one cache of vectors would cost more than the vectors do.
      cache: false,
      fitted: root,
      workers,
    });
    if (teacher.digest === store) return teacher;
    await teacher.close();
    throw await anotherTeacher(root, teacher);
  }
}

async function anotherTeacher(root: string, teacher: Teacher): Promise<LimbeckError> {
  const expected = await readDescription(root);
  const found = differences(expected?.description, teacher.description).join("; ");
  return new LimbeckError(
    "E_TEACHER",
    `Expected the producer's teacher (${root}), got another on this machine: ${found}. ` +
      "Give the worker the same model files, and the same version of limbeck.",
  );
}
