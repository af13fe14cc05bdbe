import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { foldJournals } from "../../src/labels/fold-journals.ts";
import { Journal } from "../../src/labels/journal.ts";
import { decodeLine, encodeLine } from "../../src/labels/journal-lines.ts";
import { openLabelStore, type LabelStore } from "../../src/labels/label-store.ts";
import { readLedger, readSetAside } from "../../src/labels/ledger.ts";
import { digestOf } from "../../src/platform/digest.ts";

const description = { kind: "test", labels: ["a", "b"] };
const id = (text: number) => text.toString(16).padStart(32, "0");
const paid = { calls: 1, inputTokens: 10, outputTokens: 1, money: 0.5 };
/** No decimal fraction: float32 has to come back bit for bit. */
const logits = [Math.fround(1 / 3), Math.fround(-7.1e-11)];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-journal-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const open = (): Promise<LabelStore> =>
  openLabelStore({
    folder,
    description,
    digest: digestOf(description),
    width: 2,
    extras: ["elsewhere"],
  });
const journals = async (root: string) =>
  (await readdir(root)).filter((name) => name.startsWith("journal-"));
const total = async (root: string) =>
  (await readLedger(root)).reduce((sum, page) => sum + (page.paid.money ?? 0), 0);

/** Makes a journal that belongs to a process that has ended. */
async function disown(root: string): Promise<void> {
  const [name] = await journals(root);
  const [header, ...lines] = (await readFile(join(root, name!), "utf8")).split("\n");
  const { crc: _, ...value } = JSON.parse(header!) as { crc: number; holder: { started: string } };
  value.holder.started = "1";
  await writeFile(join(root, name!), encodeLine(value) + lines.join("\n"));
}

it("keeps answers, texts set aside and payments; folded, they are rows, reasons and sums", async () => {
  const store = await open();
  const journal = await Journal.open(store.root, "EUR");
  await Promise.all([
    journal.record({ id: id(1), logits, extras: { elsewhere: 0.25 }, paid }),
    journal.record({ id: id(2), paid }),
    journal.record({ id: id(2), reason: "no class", paid }),
  ]);
  // Before it is folded the sums are there as well.
  expect(await total(store.root)).toBe(1.5);
  await foldJournals(store);
  expect(store.has(id(1))).toBe(false); // its writer lives and may go on
  await journal.close();
  await foldJournals(store);
  expect([...(await store.read([id(1)]))]).toEqual(logits);
  expect(await readSetAside(store.root)).toEqual(new Map([[id(2), "no class"]]));
  expect(await total(store.root)).toBe(1.5);
  expect(await journals(store.root)).toEqual([]);
});

it("is taken over from a process that has died; half a last line is no damage", async () => {
  const store = await open();
  const journal = await Journal.open(store.root, null);
  await (
    await journal.record({ id: id(1), logits, paid })
  ).durable;
  const [name] = await journals(store.root);
  await appendFile(join(store.root, name!), encodeLine({ id: id(2), logits, paid }).slice(0, 40));
  await disown(store.root);
  await foldJournals(store);
  expect([store.has(id(1)), store.has(id(2)), store.notes]).toEqual([true, false, []]);
  expect(await total(store.root)).toBe(0.5);
});

it("counts once, whatever step of folding a kill came after", async () => {
  const store = await open();
  const journal = await Journal.open(store.root, null);
  await journal.record({ id: id(1), logits, paid });
  await journal.close();
  const [name] = await journals(store.root);
  const content = await readFile(join(store.root, name!));
  await foldJournals(store);
  // As if the kill had come before the journal was removed.
  await writeFile(join(store.root, name!), content);
  expect(await total(store.root)).toBe(0.5);
  const again = await open();
  await foldJournals(again);
  expect(await total(store.root)).toBe(0.5);
  expect((await readdir(store.root)).filter((one) => one.startsWith("part-"))).toHaveLength(1);
});

it("keeps a damaged line's journal to be looked at and takes the others", async () => {
  const store = await open();
  const journal = await Journal.open(store.root, null);
  await journal.record({ id: id(1), logits, paid });
  await journal.record({ id: id(2), logits, paid });
  await journal.close();
  const path = join(store.root, (await journals(store.root))[0]!);
  await writeFile(
    path,
    (await readFile(path, "utf8")).replace('"inputTokens":10', '"inputTokens":99'),
  );
  await foldJournals(store);
  expect([store.has(id(1)), store.has(id(2))]).toEqual([false, true]);
  expect(store.notes).toEqual([expect.stringContaining("had a damaged line")]);
  expect(await readdir(join(store.root, "damaged"))).toHaveLength(1);
});

it("notices any changed character of a line", () => {
  const line = encodeLine({ id: id(1), logits }).trimEnd();
  expect(decodeLine(line)).toMatchObject({ id: id(1) });
  for (let at = 0; at < line.length; at += 1)
    expect(decodeLine(`${line.slice(0, at)}~${line.slice(at + 1)}`)).toBeNull();
});
