// Our side of `npm run bench -- training`: one line of JSON in, one line of JSON out.
import { writeFile } from "node:fs/promises";
import { compile } from "../../src/engine/index.ts";
import { encodeSafetensors } from "../../src/engine/safetensors.ts";
import type { Batch, CompiledProgram } from "../../src/engine/types.ts";
import { epochBatches, makeBatch } from "../../src/fitting/batches.ts";
import { textLengths, type TrainingSet } from "../../src/fitting/training-set.ts";
import { answerLines, timed } from "./answer-lines.ts";
import { endProfiling, profileSessions } from "./profile-sessions.ts";
import type { OpenOurs, SideRequest } from "./protocol.ts";
import { randomTexts, readTexts } from "./texts.ts";
import { modelProgram } from "./works.ts";

const LEARNING_RATE = 1e-3;
const TARGETS = { teacherLogits: true, labels: false };

interface Run {
  compiled: CompiledProgram;
  set: TrainingSet;
  batch: number;
  /** Made once, of the texts in their order. */
  batches: Batch[];
  made: number;
  epochs: number;
}

const runs = new Map<string, Run>();

async function open(request: OpenOurs): Promise<object> {
  const { id, model, mode, batch, length, texts, weightDecay, clipNorm } = request;
  const set = texts
    ? await readTexts(texts, model.classes)
    : randomTexts({ ...model, texts: 20 * batch, length });
  const compiled = await compile(await modelProgram(model), {
    seed: 0,
    optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay },
    ...(clipNorm !== undefined && { clipNorm }),
    ...mode,
    maxTokens: batch * model.maxLength,
  });
  runs.set(id, { compiled, set, batch, batches: [], made: 0, epochs: 0 });
  return {};
}

function batchesInOrder({ set, batch }: Run): Batch[] {
  return Array.from({ length: Math.floor(set.rows / batch) }, (_, index) =>
    makeBatch(
      set,
      Int32Array.from({ length: batch }, (__, place) => index * batch + place),
      TARGETS,
    ),
  );
}

async function steps(run: Run, count: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < count; step += 1) {
    const batch = run.batches[run.made % run.batches.length]!;
    losses.push((await run.compiled.step(batch, { learningRate: LEARNING_RATE })).loss);
    run.made += 1;
  }
  return losses;
}

async function epoch(run: Run): Promise<number[]> {
  const { set, batch } = run;
  const losses: number[] = [];
  const order = epochBatches(textLengths(set), { batch, seed: 0, epoch: run.epochs++ });
  for (const rows of order) {
    const texts = makeBatch(set, rows, TARGETS);
    losses.push((await run.compiled.step(texts, { learningRate: LEARNING_RATE })).loss);
  }
  return losses;
}

async function answer(request: SideRequest): Promise<object> {
  if (request.do === "profile") {
    endProfiling();
    return {};
  }
  if (request.do === "open") return open(request as OpenOurs);
  const run = runs.get(request.id)!;
  switch (request.do) {
    case "steps":
      if (run.batches.length === 0) run.batches = batchesInOrder(run);
      return timed(() => steps(run, request.count));
    case "epoch":
      return timed(() => epoch(run));
    case "gradients": {
      const { loss, gradients } = await run.compiled.gradients(batchesInOrder(run)[0]!);
      await writeFile(request.path, encodeSafetensors(gradients));
      return { loss };
    }
    case "save":
      await writeFile(request.path, encodeSafetensors((await run.compiled.saveState()).weights));
      return {};
    case "close":
      await run.compiled.dispose();
      runs.delete(request.id);
      return {};
  }
}

const profile = process.argv.find((parameter) => parameter.startsWith("--profile="));
if (profile !== undefined) profileSessions(profile.slice("--profile=".length));
await answerLines(answer);
