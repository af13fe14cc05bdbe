// Labels texts with a teacher that writes down what it is asked, for the tests of kills and of several processes at once:
// node --import tsx share-process.ts OPTIONS, the options as JSON. Prints "open" when the store is open, then its result.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { compact } from "../../src/labels/compact.ts";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { labelTexts } from "../../src/labels/label-texts.ts";
import type { IdentifiedText, Teacher } from "../../src/types.ts";
import { fakeTeacher } from "../helpers/fake-teacher.ts";
import { BATCH, LABELS, logitsOf, type ShareOptions } from "./share-options.ts";

function openTeacher({ asked, pace }: ShareOptions): Teacher {
  const description = { kind: "test", labels: LABELS };
  const answer = async function* (texts: readonly IdentifiedText[]) {
    appendFileSync(asked, texts.map(({ id }) => `${process.pid} ${id}\n`).join(""));
    await wait(pace);
    for (const { id, text } of texts) yield { id, logits: logitsOf(text) };
  };
  return fakeTeacher({
    description,
    labels: LABELS,
    capacity: BATCH,
    heldOut: "any",
    async *label(texts) {
      let batch: IdentifiedText[] = [];
      for await (const text of texts) {
        if (batch.push(text) < BATCH) continue;
        yield* answer(batch);
        batch = [];
      }
      yield* answer(batch);
    },
  });
}

async function label(options: ShareOptions): Promise<void> {
  const texts = JSON.parse(readFileSync(options.texts, "utf8")) as IdentifiedText[];
  const teacher = openTeacher(options);
  const { description, digest } = teacher;
  const store = await openLabelStore({
    folder: options.labelsFolder,
    description,
    digest,
    width: LABELS.length,
  });
  process.stdout.write("open\n");
  while (options.go !== undefined && !existsSync(options.go)) await wait(5);
  const { computed } = await labelTexts({
    teacher,
    store,
    texts,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...(options.times && { times: options.times }),
  });
  await compact({ root: store.root, format: store.format });
  process.stdout.write(JSON.stringify({ root: store.root, computed, notes: store.notes }));
}

try {
  await label(JSON.parse(process.argv[2]!) as ShareOptions);
} catch (thrown) {
  process.stderr.write(`${String(thrown)}\n`);
  process.exitCode = 1;
}
