import * as tf from "@tensorflow/tfjs";
import { inferenceContext, tracedContext } from "../dropout/contexts.ts";
import type { DropoutLayer } from "../dropout/contexts.ts";
import { EngineError } from "../errors.ts";
import { EMBEDDED, names } from "../runtime/names.ts";
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

/** Declares the program's inputs and parameters. */
function declare(scope: TraceScope, program: Program): { parameters: Tensors; inputs: Tensors } {
  const embedded = program.embedding && {
    embedded: scope.input(EMBEDDED, ["B", "L", program.embedding.size]),
  };
  const inputs = Object.entries(program.inputs).map(
    ([name, { shape, dtype }]) => [name, scope.input(names.input(name), shape, dtype)] as const,
  );
  const parameters = program.parameters.map(
    ({ name, shape }) => [name, scope.input(names.parameter(name), shape)] as const,
  );
  return {
    parameters: Object.fromEntries(parameters),
    inputs: { ...embedded, ...Object.fromEntries(inputs) },
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
    const layers: DropoutLayer[] = [];
    const { parameters, inputs } = declare(scope, program);
    const { embedded } = inputs;
    const learned = learnedOf(program, { ...parameters, ...(embedded && { embedded }) }, frozen);
    const computeLoss = (): tf.Scalar => {
      const outputs = program.forward(parameters, inputs, tracedContext(scope, layers));
      const { loss, terms = {} } = program.loss(outputs, inputs, parameters);
      for (const [name, term] of Object.entries(terms)) scope.output(names.term(name), term);
      return loss;
    };
    const { value, grads } = tf.engine().gradients(computeLoss, Object.values(learned));
    scope.output(names.loss, value);
    Object.keys(learned).forEach((name, index) => {
      const gradient = grads[index];
      if (!gradient) throw unreached(name);
      scope.output(names.gradient(name), gradient);
    });
    return layers;
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
