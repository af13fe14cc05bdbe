import { names } from "../runtime/names.ts";
import { tf } from "../tfjs.ts";
import { tensorOf } from "../trace/backend.ts";
import type { TraceScope } from "../trace/scope.ts";
import { deviceNames } from "./gpu-names.ts";
import { literal, updateTensors } from "./gpu-optimizers.ts";
import type { StepScalars } from "./gpu-optimizers.ts";
import type { DeviceSettings } from "./gpu-settings.ts";
import type { TracedTable } from "./gpu-table.ts";

/**
 * Writes the optimizer's step: each learned tensor, and what the optimizer keeps for it, goes out as `next/…`. Of the
 * embedding table only the batch's rows change, as on the host.
 *
 * @param gradients - by name, the table's by row
 * @returns the gradients' squared norms in their order, `[gradients.size]`
 */
export function writeUpdate(
  scope: TraceScope,
  settings: DeviceSettings,
  gradients: ReadonlyMap<string, tf.Tensor>,
  table: TracedTable | null,
): tf.Tensor {
  const squares = joined([...gradients.values()].map(squaredNorm));
  const scale = clippingScale(squares, settings.clipNorm);
  const scalars = declareScalars(scope);
  for (const [name, gradient] of gradients) {
    const scaled = scale ? tf.mul(gradient, scale) : gradient;
    const isTable = name === settings.program.embedding?.name;
    const tensors = isTable
      ? rowsOf(table!, name, settings)
      : wholeOf(scope, name, gradient, settings);
    const [parameter, ...state] = tensors.map(({ read }) => read);
    const update = { parameter: parameter!, gradient: scaled, state };
    const rule = settings.rules.get(name)!;
    const next = updateTensors(settings.optimizer, update, scalars, rule);
    [next.parameter, ...next.state].forEach((tensor, index) => {
      const { input, write } = tensors[index]!;
      scope.output(deviceNames.next(input), write(tensor));
    });
  }
  return squares;
}

/** A tensor to update: what is read of it, and how the result is put back. */
interface Updatable {
  input: string;
  read: tf.Tensor;
  write: (next: tf.Tensor) => tf.Tensor;
}

function inputsOf(name: string, { stateNames }: DeviceSettings): string[] {
  return [
    names.parameter(name),
    ...stateNames.map((state) => deviceNames.state(`${name}.${state}`)),
  ];
}

function wholeOf(
  scope: TraceScope,
  name: string,
  gradient: tf.Tensor,
  settings: DeviceSettings,
): Updatable[] {
  return inputsOf(name, settings).map((input) => ({
    input,
    read: scope.inputs.has(input)
      ? tensorOf(scope.tracer.value(input, gradient.shape))
      : scope.input(input, gradient.shape),
    write: (next) => next,
  }));
}

function rowsOf(table: TracedTable, name: string, settings: DeviceSettings): Updatable[] {
  return inputsOf(name, settings).map((input) => {
    const whole = table.declare(input);
    return {
      input,
      read: tensorOf(table.pick(whole)),
      write: (next) => table.put(whole, next),
    };
  });
}

/** Along the last axis first: many short sums at once, where one long sum would keep one thread of a GPU busy. */
function squaredNorm(gradient: tf.Tensor): tf.Tensor {
  const squares = tf.square(gradient);
  return gradient.rank > 1 ? tf.sum(tf.sum(squares, -1)) : tf.sum(squares);
}

/** Scalars and vectors, one after the other. */
export function joined(parts: readonly tf.Tensor[]): tf.Tensor1D {
  const flat = parts.map((part) => (part.rank === 0 ? tf.reshape(part, [1]) : part) as tf.Tensor1D);
  return flat.length === 1 ? flat[0]! : tf.concat(flat);
}

/** As `torch.nn.utils.clip_grad_norm_`: `min(1, clipNorm / (norm + 1e-6))`. */
function clippingScale(squares: tf.Tensor, clipNorm: number | undefined): tf.Tensor | null {
  if (clipNorm === undefined) return null;
  const norm = tf.sqrt(tf.sum(squares));
  return tf.minimum(tf.div(literal(clipNorm), tf.add(norm, literal(1e-6))), literal(1));
}

function declareScalars(scope: TraceScope): StepScalars {
  const scalar = (name: string) => scope.input(name, []) as tf.Scalar;
  return {
    learningRate: scalar(deviceNames.learningRate),
    firstCorrection: scalar(deviceNames.firstCorrection),
    secondCorrection: scalar(deviceNames.secondCorrection),
  };
}
