import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describeEnvironment } from "../src/platform/environment.ts";
import { MODEL, writeFloatModel } from "./labelling/model.ts";
import { longTexts, shortTexts, type LabellingTexts } from "./labelling/texts.ts";
import { ensurePeer, peerVersions } from "./training/peer-environment.ts";
import { startModule, startPeer, type Side } from "./training/side.ts";
import { median, misses, tableLines, toRows, type Finding } from "./training/statistics.ts";

const BATCH = 32;
/** Between two turns: PyTorch's threads spin for a while after their work. */
const PAUSE = 500;
/** The folder of what runs in processes of its own. */
const LABELLING = new URL("./labelling/", import.meta.url).href;
const PACKAGES = ["torch", "numpy", "transformers"];

interface Contestant {
  name: string;
  side: Side;
  request: object;
}

/** Seconds of each contestant, turn by turn, in an order that rotates. */
async function takeTurns(
  contestants: readonly Contestant[],
  repeats: number,
): Promise<Map<string, number[]>> {
  const seconds = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < repeats; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const { name, side, request } = contestants[(turn + round) % contestants.length]!;
      await wait(PAUSE);
      const reply = await side.ask<{ seconds: number }>(request as never);
      seconds.get(name)!.push(reply.seconds);
    }
  }
  return seconds;
}

interface Settings {
  folder: string;
  python: string;
  cores: number;
  repeats: number;
}

async function compare(texts: LabellingTexts, settings: Settings): Promise<Finding[]> {
  const { folder, python, cores, repeats } = settings;
  const path = join(folder, `${texts.name}.json`);
  await writeFile(path, JSON.stringify(texts));
  const model = join(folder, `${texts.name}-fp32`);
  await writeFloatModel(model, texts.classes.length);
  const request = { path, model, cores, batch: BATCH };
  const peer = startPeer(LABELLING, python);
  const [ours, bare] = [startModule(LABELLING, "./ours.ts"), startModule(LABELLING, "./bare.ts")];
  try {
    const seconds = await takeTurns(
      [
        { name: "ours", side: ours, request: { ...request, do: "label" } },
        { name: "pipeline", side: peer, request: { ...request, sorted: false } },
        { name: "sorted", side: peer, request: { ...request, sorted: true } },
        { name: "bare", side: bare, request },
      ],
      repeats,
    );
    const of = (name: string): number => median(seconds.get(name)!);
    const work = `${texts.texts.length.toLocaleString("en-US")} ${texts.name}`;
    const row = (against: string, name: string, limit: number): Finding => ({
      ...{ work: `${work} ÷ ${against}`, ours: of("ours"), peer: of(name), unit: "s", limit },
      note: `${Math.round(texts.texts.length / of("ours")).toLocaleString("en-US")} texts/s`,
    });
    return [
      row("transformers pipeline, fp32", "pipeline", 0.45),
      row("the same, sorted by length", "sorted", 0.55),
      row("bare ONNX Runtime, int8, same blocks", "bare", 1.11),
    ];
  } finally {
    await Promise.all([ours, bare, peer].map((side) => side.stop()));
  }
}

/** Most seconds that labelling again with another head may take. */
const SECOND_HEAD_SECONDS = 3;

/** All texts of Banking77 with another head: the encoder's vectors are there, only the head is new. */
async function secondHead({ folder, cores, repeats }: Settings): Promise<Finding[]> {
  const texts = await shortTexts(Infinity, 20);
  const path = join(folder, "second-head.json");
  await writeFile(path, JSON.stringify(texts));
  const ours = startModule(LABELLING, "./ours.ts");
  const seconds: number[] = [];
  try {
    for (let round = 0; round < repeats; round += 1) {
      const request = { do: "second-head", path, cores };
      seconds.push((await ours.ask<{ seconds: number }>(request as never)).seconds);
    }
  } finally {
    await ours.stop();
  }
  const work = `${texts.texts.length.toLocaleString("en-US")} Banking77 again, another head ÷ ${SECOND_HEAD_SECONDS} s`;
  const note = "the fitting of the head (C = 20) included";
  return [{ work, ours: median(seconds), peer: SECOND_HEAD_SECONDS, unit: "s", limit: 1, note }];
}

function valueOf(parameters: readonly string[], name: string): string | null {
  return parameters.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3) ?? null;
}

/**
 * Labelling with the shipped encoder on two threads, tokenizing and storing included, held against a transformers
 * pipeline on PyTorch and against ONNX Runtime alone.
 *
 * @param parameters - `--repeats=N` (5), `--cores=N` (2), `--texts=FILE.tsv[.gz]` (label, text: long texts such as
 *   IMDB's), `--only=short|second-head|long`, `--python=PATH`, `--json`
 */
export async function labelling(parameters: readonly string[]): Promise<void> {
  const note = (line: string): void => {
    console.error(line);
  };
  const python = valueOf(parameters, "python") ?? (await ensurePeer(note, PACKAGES));
  const environment = { ...describeEnvironment(), peers: await peerVersions(python, PACKAGES) };
  note(`${environment.processor}; ${environment.peers ?? "no peers"}; ${MODEL}`);
  const folder = await mkdtemp(join(tmpdir(), "limbeck-labelling-bench-"));
  const cores = Number(valueOf(parameters, "cores") ?? Math.min(2, availableParallelism()));
  const settings = { folder, python, cores, repeats: Number(valueOf(parameters, "repeats") ?? 5) };
  const only = valueOf(parameters, "only");
  const findings: Finding[] = [];
  try {
    if (only === null || only === "short")
      findings.push(...(await compare(await shortTexts(), settings)));
    if (only === null || only === "second-head") findings.push(...(await secondHead(settings)));
    if (only === null || only === "long")
      findings.push(...(await compare(await longTexts(valueOf(parameters, "texts")), settings)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const line of tableLines(findings)) console.log(line);
  if (parameters.includes("--json"))
    console.log(JSON.stringify({ environment, rows: toRows(findings) }));
  if (findings.some(misses)) process.exitCode = 1;
}
