import { EngineError } from "../errors.ts";
import { isFree } from "../graph/symbols.ts";
import { tf } from "../tfjs.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import { kernel } from "./kernel.ts";
import type { KernelTable } from "./kernel.ts";
import { gemm } from "./products.ts";
import { concatenate, pad, TO_THE_END, transpose } from "./shapes.ts";

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: "same" | "valid" | number;
  dataFormat: "NHWC" | "NCHW";
  dilations?: number | [number, number];
  dimRoundingMode?: "floor" | "round" | "ceil";
}

type Shape4 = [number, number, number, number];

/** What tfjs makes of the attributes, as ONNX wants it. */
interface Geometry {
  /** `[B, height, width, channels]` of the output. */
  outShape: number[];
  inShape: number[];
  attributes: { strides: number[]; dilations: number[]; pads: number[] };
}

/** Channels last, as tfjs has images and filters, to channels first, as ONNX has them, and back. */
const TO_FIRST = [0, 3, 1, 2] as const;
const TO_LAST = [0, 2, 3, 1] as const;
/** `[height, width, in, out]` to `[out, in, height, width]`. */
const FILTER_TO_FIRST = [3, 2, 0, 1] as const;

/**
 * @throws EngineError `E_UNSUPPORTED_OP` for channels first and for padding by numbers; `E_SHAPE` where a free size goes
 * in and something else comes out, which no trace can follow.
 */
function geometryOf(
  tracer: Tracer,
  inShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dilations = 1, dimRoundingMode }: ConvolutionAttributes,
): Geometry {
  // Given as a number, tfjs gets the size wrong unless the filter is a square.
  if (dataFormat !== "NHWC" || typeof pad === "number") {
    throw new EngineError(
      "E_UNSUPPORTED_OP",
      `Expected a convolution with channels last (NHWC) and padding "same" or "valid", got ${dataFormat} and ${pad}. Transpose its input, or pad it with tf.pad.`,
    );
  }
  const [image, filter] = [[...inShape] as Shape4, [...filterShape] as Shape4];
  const info = tf.backend_util.computeConv2DInfo(
    image,
    filter,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  const changed = [1, 2].some(
    (axis) => isFree(inShape[axis]!, tracer.tags) && info.outShape[axis] !== inShape[axis],
  );
  if (changed) {
    throw new EngineError(
      "E_SHAPE",
      'Expected a convolution along a free size to keep it, got one that changes it. Use pad "same" and stride 1; positions that are not wanted can be masked before a maximum.',
    );
  }
  const { top, left, bottom, right } = info.padInfo;
  return {
    inShape: [...inShape],
    outShape: info.outShape,
    attributes: {
      strides: [info.strideHeight, info.strideWidth],
      dilations: [info.dilationHeight, info.dilationWidth],
      pads: [top, left, bottom, right],
    },
  };
}

const permute = (shape: readonly number[], axes: readonly number[]) =>
  axes.map((axis) => shape[axis]!);

function forward(tracer: Tracer, x: Value, filter: Value, geometry: Geometry): Value {
  const inputs = [transpose(tracer, x, TO_FIRST), transpose(tracer, filter, FILTER_TO_FIRST)];
  const output = tracer.emit(
    "Conv",
    inputs.map((value) => tracer.name(value)),
    permute(geometry.outShape, TO_FIRST),
    { attributes: geometry.attributes },
  );
  return transpose(tracer, output, TO_LAST);
}

/** Each output's gradient goes to the inputs that it was made of: a transposed convolution. */
function backwardToInput(tracer: Tracer, dy: Value, filter: Value, geometry: Geometry): Value {
  const { inShape, outShape, attributes } = geometry;
  const { strides, pads } = attributes;
  // Inputs behind the last window of a stride above 1, to which nothing comes back. With stride 1 there are none.
  const rest = [0, 1].map((axis) => {
    if (strides[axis] === 1) return 0;
    const covered = (outShape[axis + 1]! - 1) * strides[axis]! + filter.shape[axis]!;
    return inShape[axis + 1]! + pads[axis]! + pads[axis + 2]! - covered;
  });
  const inputs = [transpose(tracer, dy, TO_FIRST), transpose(tracer, filter, FILTER_TO_FIRST)];
  const output = tracer.emit(
    "ConvTranspose",
    inputs.map((value) => tracer.name(value)),
    permute(inShape, TO_FIRST),
    { attributes: { ...attributes, output_padding: rest } },
  );
  return transpose(tracer, output, TO_LAST);
}

/**
 * One product of matrices over all windows, `[B · places, height · width · channels]` by `[B · places, filters]`: four
 * times as fast as ONNX Runtime's Conv with the batch in the place of the channels.
 */
function backwardToFilter(
  tracer: Tracer,
  x: Value,
  dy: Value,
  { filterShape, geometry }: { filterShape: readonly number[]; geometry: Geometry },
): Value {
  const [height, width, channels, filters] = filterShape as Shape4;
  const [batch, rows, columns] = geometry.outShape as Shape4;
  const padded = padImage(tracer, x, geometry.attributes.pads);
  const offsets = Array.from({ length: height * width }, (_, place) => [
    Math.floor(place / width),
    place % width,
  ]);
  const parts = offsets.map((offset) => every(tracer, padded, offset, geometry));
  const windows = concatenate(tracer, parts, 3);
  const places = batch * rows * columns;
  const product = gemm(
    tracer,
    tracer.reshape(windows, [places, height * width * channels]),
    tracer.reshape(dy, [places, filters]),
    { transposeA: true, transposeB: false },
  );
  return tracer.reshape(product, filterShape);
}

function padImage(tracer: Tracer, x: Value, pads: readonly number[]): Value {
  const [top, left, bottom, right] = pads as Shape4;
  const amounts = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ] as const;
  return pads.every((amount) => amount === 0) ? x : pad(tracer, x, amounts, 0);
}

/** What each window has at one place of the filter, `[B, rows, columns, channels]`. */
function every(
  tracer: Tracer,
  padded: Value,
  offset: readonly number[],
  { outShape, attributes }: Geometry,
): Value {
  const ends = offset.map((start, axis) => {
    const last = start + (outShape[axis + 1]! - 1) * attributes.strides[axis]!;
    // From the end, so that no free size has to be known.
    const behind = padded.shape[axis + 1]! - last - 1;
    return behind === 0 ? TO_THE_END : -behind;
  });
  const inputs = [offset, ends, [1, 2], attributes.strides].map((list) =>
    tracer.graph.integers(list),
  );
  const shape = [...outShape.slice(0, 3), padded.shape[3]!];
  return tracer.emit("Slice", [tracer.name(padded), ...inputs], shape);
}

/** Convolutions with channels last; those in one dimension come here as images of height 1. */
export const convolutionKernels: KernelTable = {
  Conv2D: kernel<"x" | "filter", ConvolutionAttributes>((tracer, { x, filter }, attributes) =>
    forward(tracer, x, filter, geometryOf(tracer, x.shape, filter.shape, attributes)),
  ),
  Conv2DBackpropInput: kernel<"dy" | "filter", ConvolutionAttributes & { inputShape: number[] }>(
    (tracer, { dy, filter }, attributes) => {
      const geometry = geometryOf(tracer, attributes.inputShape, filter.shape, attributes);
      return backwardToInput(tracer, dy, filter, geometry);
    },
  ),
  Conv2DBackpropFilter: kernel<"x" | "dy", ConvolutionAttributes & { filterShape: number[] }>(
    (tracer, { x, dy }, attributes) => {
      const { filterShape } = attributes;
      const geometry = geometryOf(tracer, x.shape, filterShape, attributes);
      return backwardToFilter(tracer, x, dy, { filterShape, geometry });
    },
  ),
};
