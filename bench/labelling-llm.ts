import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTeacher } from "../src/labelling/open-teacher.ts";
import { teacherPlace } from "../src/labelling/place.ts";
import { openStore } from "../src/labelling/stored-teacher.ts";
import { labelTexts } from "../src/labels/label-texts.ts";
import { describeEnvironment } from "../src/platform/environment.ts";
import { textId } from "../src/texts/ids.ts";
import { median } from "./training/statistics.ts";

const LATENCY = 50;
const IN_FLIGHT = 32;
const TEXTS = 6400;
/** More than 90 % of the ideal rate. */
const LIMIT = 1 / 0.9;

async function startServer(): Promise<{ port: string; stop: () => void }> {
  const script = fileURLToPath(new URL("llm-server.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, String(LATENCY)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { port: line.toString().trim(), stop: () => child.kill() };
}

/** Seconds to label texts from nothing, probe and store included. */
async function labelOnce(endpoint: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "limbeck-bench-"));
  const labelsFolder = join(folder, "labels");
  const texts = Array.from({ length: TEXTS }, (_, index) => {
    const text = `My card was swallowed by machine number ${index}, what am I to do?`;
    return { id: textId(text), text };
  });
  const report = () => undefined;
  const { signal } = new AbortController();
  try {
    const started = performance.now();
    const teacher = await openTeacher(
      { kind: "llm", endpoint, model: "bench", concurrency: IN_FLIGHT },
      {
        recipe: { data: { seed: 0 } as never },
        place: teacherPlace({ recipeFolder: null, labelsFolder, download: false }),
        labelsFolder,
        classes: ["card", "cash", "transfer"],
        gold: { labelled: [], validation: [] },
        agree: () => Promise.resolve(), // to this machine
        signal,
        report,
      },
    );
    const store = await openStore(teacher, { labelsFolder, report });
    const { computed } = await labelTexts({ teacher, store, texts, signal, progress: report });
    if (computed !== TEXTS) throw new Error(`Expected ${TEXTS} labels, got ${computed}.`);
    return (performance.now() - started) / 1000;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Seconds for as many calls with nothing around them: what this machine and its fetch can do just now. */
async function callBare(endpoint: string): Promise<number> {
  let left = TEXTS;
  const body = JSON.stringify({
    model: "bench",
    messages: [{ role: "user", content: "x".repeat(600) }],
  });
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const response = await fetch(`${endpoint}/chat/completions`, { method: "POST", body });
      await response.json();
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return (performance.now() - started) / 1000;
}

/** The teacher llm against a server with a latency: its rate beside the ideal one, in flight ÷ latency. */
export async function labellingLlm(parameters: readonly string[]): Promise<void> {
  const server = await startServer();
  const ideal = (TEXTS / IN_FLIGHT) * (LATENCY / 1000);
  const seconds: number[] = [];
  const bare: number[] = [];
  const endpoint = `http://127.0.0.1:${server.port}/v1`;
  try {
    for (let round = 0; round < 3; round += 1) {
      seconds.push(await labelOnce(endpoint));
      bare.push(await callBare(endpoint));
    }
  } finally {
    server.stop();
  }
  const ours = median(seconds);
  const peer = median(bare);
  const share = ((ideal / ours) * 100).toFixed(1);
  console.log(
    `${TEXTS} texts, ${LATENCY} ms, ${IN_FLIGHT} in flight: ${(TEXTS / ours).toFixed(0)} texts/s, ` +
      `${share} % of the ideal ${(TEXTS / ideal).toFixed(0)}, bare fetch ${((ideal / peer) * 100).toFixed(1)} %; rounds ${seconds.map((one) => `${one.toFixed(2)} s`).join(", ")}`,
  );
  const rows = [
    {
      work: "teacher llm, 50 ms, 32 in flight",
      ratio: ours / ideal,
      limit: LIMIT,
      ours,
      peer: ideal,
    },
  ];
  if (parameters.includes("--json"))
    console.log(JSON.stringify({ environment: describeEnvironment(), rows }));
}
