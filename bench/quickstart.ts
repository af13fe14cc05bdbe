import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeEnvironment } from "../src/platform/environment.ts";
import type { LimbeckReport } from "../src/report/schema.ts";
import { watchPeakMemory } from "./peak-memory.ts";

const executable = fileURLToPath(new URL("../bin/limbeck.js", import.meta.url));
const recipe = fileURLToPath(new URL("../recipes/quickstart.yaml", import.meta.url));

async function runOnce(
  folder: string,
  draw: number,
): Promise<{ seconds: number; peakBytes: number }> {
  const started = performance.now();
  const parameters = ["run", recipe, "--quiet", "--set", `data.seed=${draw}`];
  const child = spawn(process.execPath, [executable, ...parameters], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const stop = watchPeakMemory(child.pid ?? 0);
  const code = await new Promise<number | null>((finish) => child.once("close", finish));
  const peakBytes = stop();
  if (code !== 0) throw new Error(`limbeck run ended with ${code} on draw ${draw}`);
  return { seconds: (performance.now() - started) / 1000, peakBytes };
}

/**
 * The quickstart from nothing, once per draw of the labelled texts: what every system scores, how long the first and
 * the second run take, and how much memory.
 */
export async function quickstart(parameters: readonly string[]): Promise<void> {
  const draws = (
    parameters.find((parameter) => parameter.startsWith("--draws="))?.slice(8) ?? "0,1,2"
  )
    .split(",")
    .map(Number);
  const rows: Record<string, unknown>[] = [];
  for (const draw of draws) {
    const folder = await mkdtemp(join(tmpdir(), "limbeck-bench-"));
    try {
      const first = await runOnce(folder, draw);
      const second = await runOnce(folder, draw);
      const report = JSON.parse(
        await readFile(join(folder, "runs/quickstart/report/report.json"), "utf8"),
      ) as LimbeckReport;
      const scores = Object.fromEntries(
        report.systems.map(({ name, metrics }) => [
          name,
          metrics.accuracy === null ? null : metrics.accuracy.value,
        ]),
      );
      rows.push({
        draw,
        seconds: first.seconds,
        again: second.seconds,
        peakBytes: first.peakBytes,
        scores,
        verdict: report.verdict,
      });
      print(draw, first, second.seconds, scores);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  if (parameters.includes("--json"))
    console.log(JSON.stringify({ environment: describeEnvironment(), rows }));
}

function print(
  draw: number,
  first: { seconds: number; peakBytes: number },
  again: number,
  scores: Record<string, number | null>,
): void {
  const megabytes = (first.peakBytes / 1e6).toFixed(0);
  console.log(
    `draw ${draw}: ${first.seconds.toFixed(0)} s, again ${again.toFixed(1)} s, peak memory ${megabytes} MB`,
  );
  for (const [name, accuracy] of Object.entries(scores)) {
    console.log(`  ${name.padEnd(24)} ${accuracy === null ? "–" : (accuracy * 100).toFixed(2)}`);
  }
}
