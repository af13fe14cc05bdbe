// Labels texts as the stage does, for encoder-kill.test.ts: node --import tsx label-process.ts TEXTS LABELS_FOLDER
import { readFileSync } from "node:fs";
import { labelTexts } from "../../src/labels/label-texts.ts";
import { openLabelStore } from "../../src/labels/label-store.ts";
import type { LabelledText } from "../../src/types.ts";
import { teacher as kind } from "../../teachers/encoder-head.ts";
import { encoderHeadOptions } from "../../teachers/encoder-head/options.ts";
import { contextOf } from "../teachers/helpers.ts";

interface Input {
  classes: string[];
  texts: LabelledText[];
  model: string;
}

const [path, labelsFolder] = process.argv.slice(2) as [string, string];
const { classes, texts, model } = JSON.parse(readFileSync(path, "utf8")) as Input;
const labelled = classes.flatMap((_, label) =>
  texts.filter((text) => text.label === label).slice(0, 5),
);
const teacher = await kind.open(
  encoderHeadOptions.parse({ model, strength: 10 }),
  contextOf({ labelled, classes, labelsFolder }),
);
const { description, digest, files } = teacher;
const store = await openLabelStore({
  folder: labelsFolder,
  description,
  digest,
  width: classes.length,
  files,
});
const signal = new AbortController().signal;
const { computed } = await labelTexts({ teacher, store, texts, signal, progress: () => undefined });
await teacher.close();
process.stdout.write(JSON.stringify({ store: store.root, computed, notes: store.notes }));
