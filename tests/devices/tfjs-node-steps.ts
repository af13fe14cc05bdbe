// Runs in a folder where @tensorflow/tfjs-node is installed: 20 steps of both students on it and on the processor, and
// as JSON their losses, tfjs's tensors and TensorFlow's, after 10 steps and after 20.
import * as tf from "@tensorflow/tfjs";
import { compile } from "../../src/engine/index.ts";
import type { Device, Program } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, studentProgram } from "../engine/programs.ts";
import { train } from "../engine/training-helpers.ts";

/** What both backends hold at the moment. */
function held(): number {
  const { state } = tf.engine();
  return state.numTensors + tf.findBackend("tensorflow").numDataIds();
}

async function run(program: Program, device: Device) {
  const compiled = await compile(program, { ...compileOptions, device });
  const losses = await train(compiled, 0, 10);
  const before = device === "tfjs-node" ? held() : 0;
  losses.push(...(await train(compiled, 10, 20)));
  const after = device === "tfjs-node" ? held() : 0;
  await compiled.dispose();
  return { device: compiled.device, losses, before, after };
}

const students = {
  bilstm: studentProgram(bilstm, { hidden: 8, dropout: 0.4 }),
  transformer: studentProgram(transformer, { heads: 2, dropout: 0.2 }),
};

const results: Record<string, Awaited<ReturnType<typeof run>>[]> = {};
for (const [name, program] of Object.entries(students)) {
  results[name] = [await run(program, "tfjs-node"), await run(program, "cpu")];
}
process.stdout.write(JSON.stringify(results));
