import { inferenceContext, tracedContext } from "../dropout/contexts.ts";
import type { DropoutLayer } from "../dropout/contexts.ts";
import { EngineError } from "../errors.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
import { tf } from "../tfjs.ts";
import { trace } from "../trace/trace.ts";
import type { Traced } from "../trace/trace.ts";
import type { TraceScope } from "../trace/scope.ts";
import type { Program, Tensors } from "../types.ts";

/** Every fixed size that a program starts from. */
export function fixedSizes(program: Program): number[] {
  const shapes = [
    ...program.parameters.map((parameter) => parameter.shape),
    ...Object.values(program.inputs).map((input) => input.shape),
    program.embedding ? [program.embedding.size] : [],
  ];
  return shapes.flat().filter((size) => typeof size === "number");
}

/** A program's tensors in a trace. */
export interface Declared {
  parameters: Tensors;
  inputs: Tensors;
}

/**
 * Declares the program's inputs and parameters.
 *
 * @param embedded - the gathered rows of the embedding table, where they are no input of the graph
 */
export function declare(scope: TraceScope, program: Program, embedded?: tf.Tensor): Declared {
  const gathered = program.embedding && {
    embedded: embedded ?? scope.input(EMBEDDED, ["B", "L", program.embedding.size]),
  };
  const inputs = Object.entries(program.inputs).map(
    ([name, { shape, dtype }]) => [name, scope.input(names.input(name), shape, dtype)] as const,
  );
  const parameters = program.parameters.map(
    ({ name, shape }) => [name, scope.input(names.parameter(name), shape)] as const,
  );
  return {
    parameters: Object.fromEntries(parameters),
    inputs: { ...gathered, ...Object.fromEntries(inputs) },
  };
}

/** What gradients are taken of: all parameters that are not frozen, and the gathered rows. */
function learnedOf(program: Program, tensors: Tensors, frozen: ReadonlySet<string>): Tensors {
  const parameters = program.parameters
    .filter(({ name }) => !frozen.has(name))
    .map(({ name }) => [name, tensors[name]!] as const);
  const { embedding } = program;
  const embedded = embedding && !frozen.has(embedding.name) && { [EMBEDDED]: tensors["embedded"]! };
  return { ...Object.fromEntries(parameters), ...embedded };
}

/** A program's loss in a trace. */
export interface TracedLoss {
  layers: DropoutLayer[];
  loss: tf.Scalar;
  terms: ReadonlyMap<string, tf.Scalar>;
  /** By parameter that is not frozen, and of the gathered rows as `EMBEDDED`. */
  gradients: ReadonlyMap<string, tf.Tensor>;
}

/** Writes the loss with dropout, and its gradients; no backward pass is made for what is frozen. */
export function writeLoss(
  scope: TraceScope,
  program: Program,
  { parameters, inputs }: Declared,
  frozen: ReadonlySet<string>,
): TracedLoss {
  const layers: DropoutLayer[] = [];
  const { embedded } = inputs;
  const learned = learnedOf(program, { ...parameters, ...(embedded && { embedded }) }, frozen);
  let terms: Record<string, tf.Scalar> = {};
  const computeLoss = (): tf.Scalar => {
    const outputs = program.forward(parameters, inputs, tracedContext(scope, layers));
    const losses = program.loss(outputs, inputs, parameters);
    terms = losses.terms ?? {};
    return losses.loss;
  };
  const { value, grads } = tf.engine().gradients(computeLoss, Object.values(learned));
  const gradients = Object.keys(learned).map((name, index) => {
    const gradient = grads[index];
    if (!gradient) throw unreached(name);
    return [name, gradient] as const;
  });
  return {
    layers,
    loss: value,
    terms: new Map(Object.entries(terms)),
    gradients: new Map(gradients),
  };
}

/**
 * One training step: loss, terms, and the gradients of the parameters and of `embedded`.
 *
 * @param frozen - names of parameters, or of the embedding, that need no gradient: no backward pass is made for them
 */
export function traceTraining(
  program: Program,
  frozen: ReadonlySet<string> = new Set(),
): Traced<DropoutLayer[]> {
  return trace({ fixedSizes: fixedSizes(program) }, (scope) => {
    const written = writeLoss(scope, program, declare(scope, program), frozen);
    for (const [name, term] of written.terms) scope.output(names.term(name), term);
    scope.output(names.loss, written.loss);
    for (const [name, gradient] of written.gradients) scope.output(names.gradient(name), gradient);
    return written.layers;
  });
}

function unreached(name: string): EngineError {
  return new EngineError(
    "E_STATE",
    `Expected every parameter to take part in the loss, got ${name}, which does not. Use it in forward, or remove it.`,
  );
}

/** `forward` without dropout. */
export function traceForward(program: Program): Traced<string[]> {
  return trace({ fixedSizes: fixedSizes(program), deployment: true }, (scope) => {
    const { parameters, inputs } = declare(scope, program);
    const outputs = program.forward(parameters, inputs, inferenceContext);
    for (const [name, tensor] of Object.entries(outputs)) scope.output(names.output(name), tensor);
    return Object.keys(outputs);
  });
}
