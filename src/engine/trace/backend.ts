import { EngineError } from "../errors.ts";
import { kernels } from "../kernels/index.ts";
import { tf } from "../tfjs.ts";
import type { DataType } from "../types.ts";
import type { Tracer } from "./tracer.ts";
import type { Value } from "./value.ts";

export const TRACE_BACKEND = "limbeck-trace";

/** A tfjs backend that computes nothing: its kernels write ONNX nodes through the tracer of the present trace. */
class TraceBackend extends tf.KernelBackend {
  private readonly values = new WeakMap<object, Value>();
  private present: Tracer | null = null;
  private count = 0;
  /** That a program asked for values it would have had to wait for; nobody may be waiting to be told. */
  refusal: EngineError | null = null;

  get tracer(): Tracer {
    if (!this.present) throw new Error("no trace is under way");
    return this.present;
  }

  set tracer(tracer: Tracer | null) {
    this.present = tracer;
  }

  /** The value of a tensor, which may have been made by another backend before the trace. */
  lookUp(tensor: tf.TensorInfo): Value {
    const value = this.values.get(tensor.dataId);
    if (value) return this.tracer.reshape(value, tensor.shape);
    const data = tf.engine().readSync(tensor.dataId) as ArrayLike<number>;
    return this.tracer.constant(data, tensor.shape, tensor.dtype as DataType);
  }

  /** Gives a value the identity that tfjs knows tensors by. */
  infoOf(value: Value): tf.TensorInfo {
    const dataId = {};
    this.values.set(dataId, value);
    this.count += 1;
    return { dataId, shape: [...value.shape], dtype: value.type as DataType };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    return this.infoOf(this.tracer.constant(values as ArrayLike<number>, shape, dtype as DataType))
      .dataId;
  }

  override move(
    dataId: object,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): void {
    this.values.set(
      dataId,
      this.tracer.constant(values as ArrayLike<number>, shape, dtype as DataType),
    );
  }

  override readSync(): never {
    throw readError();
  }

  /** Never answers: the trace fails when it ends. */
  override read(): Promise<never> {
    this.refusal ??= readError();
    return new Promise(() => undefined);
  }

  override numDataIds(): number {
    return this.count;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override timerAvailable(): boolean {
    return false;
  }
  override disposeData(): boolean {
    return true;
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {
    // Values are held by weak references.
  }
  override dispose(): void {
    // Nothing is held.
  }
}

function readError(): EngineError {
  return new EngineError(
    "E_READ_IN_TRACE",
    "Expected a program that only builds on its tensors, got one that reads their values (data, array, print): while it is traced there are none, and whatever it decides by them would be decided for every batch. Use tf.where, or make the value an input.",
  );
}

export const backend = new TraceBackend();
// Priority 0: never chosen unless asked for.
tf.registerBackend(TRACE_BACKEND, () => backend, 0);
for (const [kernelName, write] of Object.entries(kernels)) {
  tf.registerKernel({
    kernelName,
    backendName: TRACE_BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const values = Object.entries(inputs)
        .filter(([, tensor]) => tensor as tf.TensorInfo | null | undefined)
        .map(([name, tensor]) => [name, backend.lookUp(tensor!)] as const);
      const output = write(backend.tracer, Object.fromEntries(values), attrs ?? {});
      return Array.isArray(output)
        ? output.map((value) => backend.infoOf(value))
        : backend.infoOf(output);
    },
  });
}

/** Whether operations run now are traced rather than computed. */
export function isTracing(): boolean {
  return tf.getBackend() === TRACE_BACKEND;
}

/** The value of a tensor of the present trace. */
export function valueOf(tensor: tf.Tensor): Value {
  return backend.lookUp(tensor);
}

/** A value as a tensor of the present trace. */
export function tensorOf<R extends tf.Rank = tf.Rank>(value: Value): tf.Tensor<R> {
  return tf.engine().makeTensorFromTensorInfo(backend.infoOf(value)) as tf.Tensor<R>;
}
