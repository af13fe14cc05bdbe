// Eager TensorFlow.js: one line of JSON in, one line of JSON out. The backend's name is the only parameter.
import * as tf from "@tensorflow/tfjs";
import type { Program, Tensors } from "../../src/engine/types.ts";
import { makeBatch } from "../../src/training/batches.ts";
import { answerLines, timed } from "./answer-lines.ts";
import type { OpenOurs, SideRequest } from "./protocol.ts";
import { randomTexts } from "./texts.ts";
import { modelProgram } from "./works.ts";

const PACKAGES: Readonly<Record<string, string>> = {
  cpu: "@tensorflow/tfjs-backend-cpu",
  wasm: "@tensorflow/tfjs-backend-wasm",
  tensorflow: "@tensorflow/tfjs-node",
};

interface Run {
  variables: Record<string, tf.Variable>;
  step: () => number;
}

const runs = new Map<string, Run>();

/** @throws Error where the backend's package is not installed or does not load. */
async function useBackend(name: string): Promise<void> {
  await import(PACKAGES[name]!);
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
    await useBackend(process.argv[2]!);
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
