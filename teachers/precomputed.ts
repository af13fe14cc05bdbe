import { stat } from "node:fs/promises";
import { LimbeckError } from "../src/errors.ts";
import { digestOf, sha256File } from "../src/platform/digest.ts";
import { openTable, type Table } from "../src/texts/table.ts";
import type {
  IdentifiedText,
  Teacher,
  TeacherAnswer,
  TeacherContext,
  TeacherKind,
  TeacherPlace,
} from "../src/types.ts";
import type { AnswerIndex } from "./precomputed/answer-index.ts";
import { chooseLayout } from "./precomputed/layout.ts";
import { precomputedOptions, type Layout, type PrecomputedOptions } from "./precomputed/options.ts";
import { readAnswers } from "./precomputed/read-answers.ts";
import { smoothedLogits } from "./precomputed/read-values.ts";

async function hashFile({ file }: PrecomputedOptions, place: TeacherPlace): Promise<string> {
  const path = place.resolve(file);
  const found = await stat(path).catch(() => null);
  if (found?.isFile()) return await sha256File(path);
  throw new LimbeckError(
    "E_TEACHER",
    `Expected the teacher's answers at ${path}, got ${found === null ? "no such file" : "a folder"}. Mend teacher.file.`,
  );
}

/** Everything in the file and in the options that changes a logit. */
function describeTeacher(
  hash: string,
  { key, source, values }: Layout,
  options: PrecomputedOptions,
  labels: readonly string[],
): Record<string, unknown> {
  return {
    kind: "precomputed",
    format: 1,
    labels,
    file: hash,
    key,
    source,
    values,
    ...(values === "labels" ? { smoothing: options.smoothing } : {}),
    ...(key.by === "text" ? { maxCharacters: options.maxCharacters } : {}),
  };
}

const count = (value: number): string => value.toLocaleString("en-US");

/** The file's answers, read whole at the first question: where the label store has all of them, it never is. */
class Answers {
  private readonly table: Table;
  private readonly layout: Layout;
  private readonly options: PrecomputedOptions;
  private readonly classes: readonly string[];
  private loaded: { index: AnswerIndex; duplicates: number } | null = null;

  constructor(
    table: Table,
    layout: Layout,
    { options, classes }: { options: PrecomputedOptions; classes: readonly string[] },
  ) {
    this.table = table;
    this.layout = layout;
    this.options = options;
    this.classes = classes;
  }

  async *label(
    texts: AsyncIterable<IdentifiedText>,
    signal: AbortSignal,
  ): AsyncGenerator<TeacherAnswer> {
    const { table, layout, classes } = this;
    const { maxCharacters, smoothing } = this.options;
    this.loaded ??= await readAnswers({ table, layout, classes, maxCharacters, signal });
    const { index } = this.loaded;
    for await (const { id } of texts) {
      const row = index.take(id);
      if (row === null) yield { id, reason: `not in ${table.file}` };
      else if (layout.values === "labels")
        yield { id, logits: smoothedLogits(row[0]!, classes.length, smoothing) };
      else yield { id, logits: row.slice() };
    }
  }

  /** Rows of no text that was asked about. */
  get left(): number {
    return this.loaded === null ? 0 : this.loaded.index.size - this.loaded.index.taken;
  }

  get summary(): string {
    const { file } = this.table;
    if (this.loaded === null) return `${layoutName(this.layout)} of ${file}`;
    const { index, duplicates } = this.loaded;
    const again = duplicates === 0 ? "" : `, ${count(duplicates)} repeated`;
    const left = this.left === 0 ? "" : `, ${count(this.left)} for no text that was asked about`;
    return `${layoutName(this.layout)} of ${file}: ${count(index.size)} texts${again}${left}`;
  }
}

function layoutName({ values, key }: Layout): string {
  return `${values} by ${key.by}`;
}

async function open(options: PrecomputedOptions, context: TeacherContext): Promise<Teacher> {
  const { classes } = context;
  const hash = await hashFile(options, context);
  const table = await openTable({ path: context.resolve(options.file), file: options.file });
  const layout = await chooseLayout({ table, options, classes });
  const description = describeTeacher(hash, layout, options, classes);
  const answers = new Answers(table, layout, { options, classes });
  return {
    description,
    digest: digestOf(description),
    labels: classes,
    capacity: 8192,
    parameters: null,
    bytes: null,
    maxLength: null,
    // Known in full when the file has been read: the stage asks after labelling.
    facts: {
      file: options.file,
      values: layout.values,
      joinedBy: layout.key.by,
      get summary() {
        return answers.summary;
      },
    },
    files: {},
    heldOut: "any",
    label: (texts, signal) => answers.label(texts, signal),
    close: () => Promise.resolve(),
  };
}

/** Answers that were made elsewhere, from a file. */
export const teacher: TeacherKind<PrecomputedOptions> = {
  options: precomputedOptions,
  summary: "logits, probabilities or labels from a file, joined to the texts by id or by text",
  fingerprint: async (options, place) => digestOf({ file: await hashFile(options, place) }),
  lexicon: () => Promise.resolve(null),
  open,
  openForTiming: () => Promise.resolve(null),
};
