// Eager TensorFlow.js: one line of JSON in, one line of JSON out. Parameters: the backend's name, and the folder of a
// package that has it.
import { createRequire } from "node:module";
import { join } from "node:path";
import { loadTfjsNode } from "../../src/engine/devices/eager-load.ts";
import { tf } from "../../src/engine/tfjs.ts";
import type { Program, Tensors } from "../../src/engine/types.ts";
import { makeBatch } from "../../src/fitting/batches.ts";
import { answerLines, timed } from "./answer-lines.ts";
import type { OpenOurs, SideRequest } from "./protocol.ts";
import { randomTexts } from "./texts.ts";
import { BACKENDS, type Backend } from "./tfjs-environment.ts";
import { modelProgram } from "./works.ts";

interface Run {
  variables: Record<string, tf.Variable>;
  step: () => number;
}

const runs = new Map<string, Run>();

/**
 * Chooses the backend, from the folder's package. That package brings a copy of tfjs's core, but all copies in a process
 * share one engine and one registry of kernels, so the program's own tfjs finds it.
 *
 * @throws Error where the backend is not installed or does not load.
 */
async function useBackend(name: Backend, folder: string): Promise<void> {
  if (name === "tensorflow") {
    process.chdir(folder); // The engine looks for the package in the working directory.
    await loadTfjsNode("tfjs-node");
  } else {
    // Not a word about gradients and kernels of the cpu backend that are registered a second time.
    tf.env().set("PROD", true);
    createRequire(join(folder, "package.json"))(BACKENDS[name]);
    tf.env().set("PROD", false);
  }
  if (!(await tf.setBackend(name))) throw new Error(`The backend ${name} does not start.`);
}

/** Adam by tfjs itself. The table's rows are given and their gradient is taken, but they are not updated. */
function makeRun(program: Program, request: OpenOurs): Run {
  const { model, batch, length } = request;
  const set = randomTexts({ ...model, texts: batch, length });
  const { inputs } = makeBatch(
    set,
    Int32Array.from({ length: batch }, (_, row) => row),
    {
      teacherLogits: true,
      labels: false,
    },
  );
  const given: Tensors = Object.fromEntries(
    Object.entries(program.inputs).map(([name, { shape, dtype }]) => {
      const sizes = shape.map((size) => (size === "B" ? batch : size === "L" ? length : size));
      return [name, tf.tensor(inputs[name]!, sizes, dtype)];
    }),
  );
  const variables = Object.fromEntries(
    program.parameters.map(({ name, shape }) => [
      name,
      tf.variable(tf.randomNormal([...shape], 0, 0.05, "float32", 1)),
    ]),
  );
  const embedded = tf.variable(tf.randomNormal([batch, length, model.embedding], 0, 0.3));
  const adam = tf.train.adam(1e-3);
  const loss = (): tf.Scalar => {
    const all = { ...given, embedded };
    const context = { training: true, dropout: <T extends tf.Tensor>(x: T): T => x };
    return program.loss(program.forward(variables, all, context), all, variables).loss;
  };
  const list = Object.values(variables);
  const step = (): number =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, [...list, embedded]);
      const own = Object.entries(grads).filter(([name]) => name !== embedded.name);
      adam.applyGradients(own.map(([name, tensor]) => ({ name, tensor })));
      return value.dataSync()[0]!;
    });
  return { variables, step };
}

async function answer(request: SideRequest): Promise<object> {
  if (request.do === "open") {
    await useBackend(process.argv[2] as Backend, process.argv[3]!);
    const open = request as OpenOurs;
    runs.set(open.id, makeRun(await modelProgram(open.model), open));
    return {};
  }
  if (request.do !== "steps") throw new Error(`Eager tfjs does not know ${request.do}.`);
  const { step } = runs.get(request.id)!;
  // eslint-disable-next-line @typescript-eslint/require-await -- the other sides have to wait
  return timed(async () => Array.from({ length: request.count }, step));
}

await answerLines(answer);
