import type { Tracer } from "../trace/tracer.ts";
import { sizeOf } from "../shape.ts";
import type { Value } from "../trace/value.ts";
import { EngineError } from "../errors.ts";
import { binary, broadcast, unary } from "./elementwise.ts";
import { kernel } from "./kernel.ts";
import type { KernelTable } from "./kernel.ts";
import { transpose } from "./shapes.ts";

interface Transposes {
  transposeA: boolean;
  transposeB: boolean;
}

function swapLastTwo(tracer: Tracer, x: Value): Value {
  const axes = x.shape.map((_size, axis) => axis);
  const [row, column] = axes.splice(-2) as [number, number];
  return transpose(tracer, x, [...axes, column, row]);
}

/** Product of matrices: `Gemm`, which transposes as it goes, for two; `MatMul` for stacks of them. */
function matrixProduct(
  tracer: Tracer,
  a: Value,
  b: Value,
  { transposeA, transposeB }: Transposes,
): Value {
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  const stack = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...stack, rows, columns];
  if (sizeOf(stack) === 1) {
    const flat = [a, b].map((matrix) => tracer.reshape(matrix, matrix.shape.slice(-2)));
    return tracer.reshape(gemm(tracer, flat[0]!, flat[1]!, { transposeA, transposeB }), shape);
  }
  const left = transposeA ? swapLastTwo(tracer, a) : a;
  const right = transposeB ? swapLastTwo(tracer, b) : b;
  return tracer.emit("MatMul", [tracer.name(left), tracer.name(right)], shape, { type: a.type });
}

/** `a · b (+ bias)` of two matrices, either of them transposed; the bias is a row that is added to every row. */
export function gemm(
  tracer: Tracer,
  a: Value,
  b: Value,
  { transposeA, transposeB, bias }: Transposes & { bias?: Value },
): Value {
  const shape = [a.shape[transposeA ? 1 : 0]!, b.shape[transposeB ? 0 : 1]!];
  const inputs = [tracer.name(a), tracer.name(b)];
  if (bias) inputs.push(tracer.name(bias));
  if (!bias && !transposeA && !transposeB) return tracer.emit("MatMul", inputs, shape);
  const attributes = {
    ...(transposeA ? { transA: 1 } : {}),
    ...(transposeB ? { transB: 1 } : {}),
  };
  return tracer.emit("Gemm", inputs, shape, { attributes });
}

/** Activations that tfjs folds into a matrix product. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: "Relu",
  sigmoid: "Sigmoid",
  elu: "Elu",
  tanh: "Tanh",
};

export const productKernels: KernelTable = {
  BatchMatMul: kernel<"a" | "b", Transposes>((tracer, { a, b }, transposes) =>
    matrixProduct(tracer, a, b, transposes),
  ),
  _FusedMatMul: (tracer, inputs, attributes) => {
    const { activation = "linear", ...transposes } = attributes as Transposes & {
      activation?: string;
    };
    const { a, b, bias } = inputs;
    const product = matrixProduct(tracer, a!, b!, transposes);
    const sum = bias ? binary(tracer, "Add", product, bias) : product;
    if (activation === "linear") return sum;
    const operator = ACTIVATIONS[activation];
    if (operator) return unary(tracer, operator, sum);
    throw new EngineError(
      "E_UNSUPPORTED_OP",
      `Expected a fused activation out of ${Object.keys(ACTIVATIONS).join(", ")}, got ${activation}. Apply it after the product.`,
    );
  },
};
