import { join } from "node:path";
import type { Scores } from "../evaluation/scores.ts";
import { LimbeckError } from "../errors.ts";
import { describeEnvironment } from "../platform/environment.ts";
import { readJson, writeFileAtomic, writeJson } from "../platform/files.ts";
import { buildReport } from "../report/build-report.ts";
import { writeHtml } from "../report/html/page.ts";
import { writeMarkdown } from "../report/markdown.ts";
import { readCurve, readExports, sumBytes, type RunFiles } from "../report/run-files.ts";
import { readSplit } from "../texts/splits.ts";
import type { LabelDetails, PrepareDetails, TrainDetails } from "../types.ts";
import { findManifest, readManifest } from "./manifest.ts";
import type { Stage } from "./stage.ts";

/** `report/manifest.json`, `details`. */
export interface ReportDetails {
  /** The sentences of the verdict, as in report.json. */
  sentences: string[];
  /** Files of the report, relative to the run's folder. */
  files: { html: string; markdown: string; json: string };
  /** A short test text for the command that tries the bundle, or null. */
  example: string | null;
}

const FILES = {
  html: "report/report.html",
  markdown: "report/report.md",
  json: "report/report.json",
};

/** Draws the report of a run: report.json is the truth, report.md and report.html are drawn from it. */
export const report: Stage<ReportDetails> = {
  name: "report",
  version: 2,

  async inputs({ recipe, run }) {
    const digests: (string | null)[] = [];
    for (const stage of ["prepare", "label", "train", "evaluate", "export"] as const) {
      const manifest = await findManifest(run, stage);
      digests.push(manifest?.digest ?? null, manifest?.finishedAt ?? null);
    }
    return { recipe, digests };
  },

  describe() {
    return "Writing the report: what was gained, against which controls, at what size and speed";
  },

  async run({ recipe, run }) {
    const drawn = buildReport(recipe, await readRun(run));
    await writeJson(join(run, FILES.json), drawn);
    await writeFileAtomic(join(run, FILES.markdown), writeMarkdown(drawn));
    await writeFileAtomic(join(run, FILES.html), writeHtml(drawn));
    const { sentences, headline } = drawn.verdict;
    return {
      details: { sentences, files: FILES, example: drawn.data.example },
      summary: headline,
    };
  },
};

async function readRun(run: string): Promise<RunFiles> {
  const prepare = await readManifest<PrepareDetails>(run, "prepare");
  const label = await readManifest<LabelDetails>(run, "label");
  const train = await readManifest<TrainDetails>(run, "train");
  const others = [await readManifest(run, "evaluate"), await findManifest(run, "export")];
  const scores = await readJson<Scores>(join(run, "evaluate", "scores.json"));
  if (scores === null) {
    throw new LimbeckError(
      "E_DATA",
      `Expected ${join(run, "evaluate", "scores.json")}, got no such file. Give the command again with --from evaluate.`,
    );
  }
  const record = await readJson<{ environment?: Record<string, unknown> }>(join(run, "run.json"));
  const controls = train.details.runs.filter(({ role }) => role === "control");
  const controlBytes = new Map<string, number>();
  for (const control of controls) {
    const size = await sumBytes(run, control);
    if (size > 0) controlBytes.set(control.variant, size);
  }
  return {
    scores,
    manifests: { prepare, label, train, others: others.filter((one) => one !== null) },
    environment: record?.environment ?? { ...describeEnvironment() },
    ...(await readExports(run)),
    curves: await Promise.all(train.details.runs.map((trained) => readCurve(run, trained))),
    controlBytes,
    testTexts: await readSplit(run, "test"),
  };
}
