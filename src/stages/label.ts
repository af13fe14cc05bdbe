import { availableParallelism } from "node:os";
import { LimbeckError } from "../errors.ts";
import { labelTexts } from "../labels/label-texts.ts";
import { openLabelStore, type LabelStore } from "../labels/label-store.ts";
import { resolveRecipePath } from "../platform/resolve.ts";
import { teachers } from "../registry.ts";
import { readIdentified, readSplit } from "../texts/splits.ts";
import type {
  IdentifiedText,
  LabelDetails,
  LabelledText,
  PrepareDetails,
  Teacher,
  TeacherContext,
  TeacherKind,
} from "../types.ts";
import { readManifest } from "./manifest.ts";
import type { Stage, StageContext } from "./stage.ts";

/**
 * Has the teacher label every text of every split that the label store lacks. Gold labels are read of the labelled
 * split only; what the teacher says of test texts is compared with theirs in evaluate.
 */
export const label: Stage<LabelDetails> = {
  name: "label",
  version: 1,

  async inputs({ recipe, recipeFolder, run }) {
    const { kind, options } = await findTeacher(recipe.teacher);
    const fingerprint = await kind.fingerprint(options, (path) =>
      resolveRecipePath(path, recipeFolder),
    );
    const { digest } = await readManifest(run, "prepare");
    // The seed deals the labelled texts to the folds.
    return { teacher: recipe.teacher, seed: recipe.data.seed, fingerprint, digests: [digest] };
  },

  describe({ recipe }) {
    return `Labelling every text with the teacher ${recipe.teacher.kind}: its logits are what the student learns from`;
  },

  run: labelStage,
};

async function labelStage(
  context: StageContext,
): Promise<{ details: LabelDetails; summary: string }> {
  const { run, recipe, labelsFolder, report, signal } = context;
  const prepare = (await readManifest<PrepareDetails>(run, "prepare")).details;
  const texts = await readTexts(run);
  const teacher = await openTeacher(context, prepare.classes);
  try {
    checkClasses(teacher, prepare.classes);
    const { description, digest, files } = teacher;
    const store = await openLabelStore({
      folder: labelsFolder,
      description,
      digest,
      width: teacher.labels.length,
      files,
    });
    for (const message of store.notes) report({ kind: "warning", stage: "label", message });
    const started = performance.now();
    const progress = (done: number, total: number) => {
      report({ kind: "progress", stage: "label", task: "labelling", done, total, unit: "texts" });
    };
    const computed = await stoppable(signal, () =>
      labelTexts({ teacher, store, texts, signal, progress }),
    );
    const seconds = (performance.now() - started) / 1000;
    const details = describeLabels({
      teacher,
      kind: recipe.teacher.kind,
      store,
      texts: texts.length,
      computed,
    });
    store.close();
    return { details, summary: summarize(details, seconds) };
  } finally {
    await teacher.close();
  }
}

async function readTexts(run: string): Promise<IdentifiedText[]> {
  const splits = [];
  for (const split of ["labelled", "transfer", "validation", "test"] as const) {
    splits.push(await readIdentified(run, split));
  }
  return [...new Map(splits.flat().map((text) => [text.id, text])).values()];
}

async function findTeacher(
  entry: StageContext["recipe"]["teacher"],
): Promise<{ kind: TeacherKind; options: unknown }> {
  const { kind: name, ...rest } = entry;
  const load = Object.hasOwn(teachers, name) ? teachers[name] : undefined;
  if (load === undefined) {
    const known = Object.keys(teachers).join(", ");
    throw new LimbeckError("E_RECIPE", `Expected teacher.kind to be one of ${known}, got ${name}.`);
  }
  const kind = await load();
  return { kind, options: kind.options.parse(rest) };
}

async function readLabelled(run: string, classes: readonly string[]): Promise<LabelledText[]> {
  const indices = new Map(classes.map((name, index) => [name, index]));
  const rows = await readSplit(run, "labelled");
  return rows.map(({ id, text, label: name }) => {
    const index = name === null ? undefined : indices.get(name);
    if (index === undefined) {
      throw new LimbeckError(
        "E_DATA",
        `Expected every labelled text to be of a known class, got ${name ?? "none"} for the text ${id}. ` +
          "Prepare the texts again: limbeck run RECIPE --from prepare.",
      );
    }
    return { id, text, label: index };
  });
}

async function openTeacher(context: StageContext, classes: readonly string[]): Promise<Teacher> {
  const { recipe, recipeFolder, run, labelsFolder, signal, report } = context;
  const { kind, options } = await findTeacher(recipe.teacher);
  const teacherContext: TeacherContext = {
    labelled: await readLabelled(run, classes),
    classes,
    resolve: (path) => resolveRecipePath(path, recipeFolder),
    labelsFolder,
    workers: availableParallelism(),
    seed: recipe.data.seed,
    signal,
    report,
  };
  return await stoppable(signal, () => kind.open(options, teacherContext));
}

/** @throws LimbeckError `E_TEACHER` naming the classes that only one of teacher and data knows, or that they differ in order. */
function checkClasses(teacher: Teacher, classes: readonly string[]): void {
  if (
    teacher.labels.length === classes.length &&
    teacher.labels.every((name, at) => name === classes[at])
  )
    return;
  const only = (these: readonly string[], others: readonly string[]) => {
    const names = these.filter((name) => !others.includes(name));
    return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  };
  const data = only(classes, teacher.labels);
  const own = only(teacher.labels, classes);
  const parts = [data && `the data also has ${data}`, own && `the teacher also has ${own}`].filter(
    Boolean,
  );
  const difference = parts.length > 0 ? parts.join("; ") : "the same in another order";
  throw new LimbeckError(
    "E_TEACHER",
    `Expected the teacher to know the ${classes.length} classes of the data, got ${teacher.labels.length}: ${difference}. ` +
      "Choose another teacher, or data with its classes.",
  );
}

/** Turns whatever a stopped task throws into the one error that says how to go on. */
async function stoppable<Result>(
  signal: AbortSignal,
  task: () => Promise<Result>,
): Promise<Result> {
  try {
    return await task();
  } catch (thrown) {
    const mendable = thrown instanceof LimbeckError && thrown.code !== "E_ABORTED";
    if (!signal.aborted || mendable) throw thrown;
    throw new LimbeckError(
      "E_ABORTED",
      "Stopped. The labels that were computed are saved; the same command goes on from there.",
      { cause: thrown },
    );
  }
}

interface Labelled {
  teacher: Teacher;
  kind: string;
  store: LabelStore;
  texts: number;
  computed: number;
}

function describeLabels({ teacher, kind, store, texts, computed }: Labelled): LabelDetails {
  const { digest, labels, parameters, bytes, maxLength, facts } = teacher;
  return {
    teacher: {
      kind,
      digest,
      store: store.root,
      labels: [...labels],
      parameters,
      bytes,
      maxLength,
      facts,
    },
    texts,
    computed,
    reused: texts - computed,
    notes: [...store.notes],
  };
}

function summarize({ texts, computed, reused, teacher }: LabelDetails, seconds: number): string {
  const count = (value: number) => value.toLocaleString("en-US");
  const rate = count(Math.round(computed / Math.max(seconds, 1e-3)));
  const kept = reused > 0 ? `, ${count(reused)} found in the label store` : "";
  const what =
    computed === 0
      ? `${count(texts)} texts, all found in the label store`
      : `${count(computed)} texts labelled at ${rate} texts/s${kept}`;
  const about = teacher.facts["summary"];
  return typeof about === "string" ? `${what}; ${about}` : what;
}
