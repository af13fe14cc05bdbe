import { EngineError } from "../errors.ts";
import { finishGraph } from "../graph/finish.ts";
import { Graph } from "../graph/graph.ts";
import { chooseTags } from "../graph/symbols.ts";
import type { Tags } from "../graph/symbols.ts";
import { tf } from "../tfjs.ts";
import { backend, TRACE_BACKEND } from "./backend.ts";
import { differenceError, printGraph } from "./compare.ts";
import { GradientFailure, inTraceEnvironment, randomError } from "./environment.ts";
import { userLocation } from "./location.ts";
import { TraceScope } from "./scope.ts";
import { Tracer } from "./tracer.ts";

export interface TraceOptions {
  /** Every fixed size that the program starts from: shapes of parameters and inputs. */
  fixedSizes: Iterable<number>;
  /** Whether the graph is for using the model, not for training it. Default false. */
  deployment?: boolean;
}

export interface Traced<Result> {
  graph: Graph;
  result: Result;
  /** What stood for the free sizes. */
  tags: Tags;
}

type Write<Result> = (scope: TraceScope) => Result;

/**
 * Runs `write` under the tracing backend and returns the graph that its operations came to.
 *
 * It runs twice, with different primes for the free sizes: where the two graphs differ, the program made something of
 * a size that a graph cannot follow (`L - 1`, `Math.sqrt(L)`), and that is refused.
 *
 * @throws EngineError naming the line of the program.
 */
export function trace<Result>(options: TraceOptions, write: Write<Result>): Traced<Result> {
  const [first, second] = chooseTags(options.fixedSizes);
  const deployment = options.deployment ?? false;
  const traced = traceLocated({ tags: first, deployment }, write);
  const other = traceLocated({ tags: second, deployment }, write);
  if (printGraph(traced.graph) === printGraph(other.graph)) return traced;
  const detailed = [first, second].map((tags) =>
    traceOnce({ tags, deployment, recordOrigins: true }, write),
  );
  throw differenceError(detailed[0]!.graph, detailed[1]!.graph);
}

interface TraceSettings {
  tags: Tags;
  deployment: boolean;
  recordOrigins?: boolean;
}

/** Traces; an error gets the line of the program that it comes from. */
function traceLocated<Result>(settings: TraceSettings, write: Write<Result>): Traced<Result> {
  try {
    return traceOnce(settings, write);
  } catch (error) {
    if (!(error instanceof GradientFailure)) throw locate(error);
  }
  try {
    return traceOnce({ ...settings, recordOrigins: true }, write);
  } catch (error) {
    throw locate(error);
  }
}

function traceOnce<Result>(settings: TraceSettings, write: Write<Result>): Traced<Result> {
  const { tags, deployment, recordOrigins = false } = settings;
  // Where no backend has been chosen yet, later eager work gets the one that is always there.
  const previous = (tf.getBackend() as string | undefined) ?? "cpu";
  const graph = new Graph();
  graph.recordOrigins = recordOrigins;
  const scope = new TraceScope(new Tracer(tags, { graph, deployment }));
  backend.tracer = scope.tracer;
  void tf.setBackend(TRACE_BACKEND);
  try {
    const result = inTraceEnvironment(tags, { recordOrigins }, () => inScope(() => write(scope)));
    if (backend.refusal) throw backend.refusal;
    finishGraph(graph, scope.inputs);
    return { graph, result, tags };
  } finally {
    backend.tracer = null;
    backend.refusal = null;
    void tf.setBackend(previous);
  }
}

/** As `tf.tidy`, which would look for tensors to keep in what `body` returns. */
function inScope<Result>(body: () => Result): Result {
  tf.engine().startScope("trace");
  try {
    return body();
  } finally {
    tf.engine().endScope();
  }
}

/** The error with the program's line in its message, as far as its stack tells. */
function locate(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const place = userLocation(error.stack) ?? "a line that is not known";
  const unknownKernel = /^Kernel '(\w+)' not registered for backend/.exec(error.message)?.[1];
  if (unknownKernel === "Multinomial") {
    const { code, message } = randomError();
    return new EngineError(code, `${message} At ${place}.`, { cause: error });
  }
  if (unknownKernel !== undefined) {
    return new EngineError(
      "E_UNSUPPORTED_OP",
      `Expected operations that can be written as ONNX, got ${unknownKernel} at ${place}. Compose it of others, or add a kernel for it in the engine's kernels folder.`,
      { cause: error },
    );
  }
  if (!(error instanceof EngineError)) return error;
  return new EngineError(error.code, `${error.message} At ${place}.`, { cause: error });
}
