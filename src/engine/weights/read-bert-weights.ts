import { EngineError } from "../errors.ts";
import { parameterShapes } from "../program/parameter-shapes.ts";
import type { NamedArray, Program, StateDict } from "../types.ts";
import { bertName, isExpendable, POSITIONS } from "./bert-names.ts";
import { nearNames } from "./near-names.ts";
import { openWeights } from "./open-weights.ts";
import type { WeightFile } from "./weight-file.ts";
import { sizeOf } from "../shape.ts";

export interface ReadBertOptions {
  /** Which parameters are looked for, in which shapes: those of our `transformer`, with its embedding table. */
  program: Pick<Program, "parameters" | "embedding">;
  /** Beginnings of names of parameters that start afresh, whatever the file has. Default: `classifier.` */
  fresh?: readonly string[];
}

export interface BertWeights {
  /** By the program's names: all of its parameters but the fresh ones. */
  weights: StateDict;
  /** Tensors of the file that the program has no place for, by the file's names; without pooler and position ids. */
  unused: string[];
}

/** A parameter and the file's tensor for it. */
interface Match {
  name: string;
  shape: readonly number[];
  tensor: string;
}

/**
 * Reads the weights of a Hugging Face BERT for our `transformer` from a safetensors file, the index of a sharded one,
 * or an ONNX file with float or 8-bit initializers. A position table longer than the program's is cut. The names and
 * shapes of all tensors are checked before any is read, and one is read at a time.
 *
 * @throws EngineError `E_NAME` naming a parameter that the file lacks, with its shape and near names; `E_SHAPE` naming
 *   one of another shape; `E_FILE` for a damaged file, naming the tensor.
 */
export async function readBertWeights(
  path: string,
  { program, fresh = ["classifier."] }: ReadBertOptions,
): Promise<BertWeights> {
  const file = await openWeights(path);
  try {
    const tensors = indexTensors(file, path);
    const wanted = parameterShapes(program).filter(
      ({ name }) => !fresh.some((beginning) => name.startsWith(beginning)),
    );
    const missing = wanted.filter(({ name }) => !tensors.has(name));
    if (missing.length > 0) throw missingError(missing, [...tensors.values()], path);
    const matches = wanted.map((parameter) => ({
      ...parameter,
      tensor: tensors.get(parameter.name)!,
    }));
    for (const match of matches) requireShape(match, file.shapes.get(match.tensor)!, path);
    const weights: StateDict = {};
    for (const match of matches) weights[match.name] = cut(await file.read(match.tensor), match);
    const unused = [...tensors].filter(([name]) => !(name in weights) && !isExpendable(name));
    return { weights, unused: unused.map(([, tensor]) => tensor) };
  } finally {
    await file.close();
  }
}

/** The file's tensors by our names. */
function indexTensors(file: WeightFile, path: string): Map<string, string> {
  const tensors = new Map<string, string>();
  for (const tensor of file.shapes.keys()) {
    const name = bertName(tensor);
    const other = tensors.get(name);
    if (other !== undefined) {
      throw new EngineError(
        "E_FILE",
        `Expected one tensor for ${name}, got ${other} and ${tensor} in ${path}. Save one model per file.`,
      );
    }
    tensors.set(name, tensor);
  }
  return tensors;
}

function missingError(
  missing: readonly { name: string; shape: readonly number[] }[],
  names: readonly string[],
  path: string,
): EngineError {
  const { name, shape } = missing[0]!;
  const others = missing.length > 1 ? ` (and for ${missing.length - 1} parameters more)` : "";
  const near = nearNames(name, names);
  const hint =
    near.length > 0 ? `Near names: ${near.join(", ")}.` : `It has ${names.length} tensors.`;
  return new EngineError(
    "E_NAME",
    `Expected a tensor for ${name} [${shape.join(", ")}]${others}, got none in ${path}. ${hint} Give the student the encoder's layers and sizes.`,
  );
}

/** The shape must be the parameter's; a position table may have more rows. */
function requireShape(
  { name, shape, tensor }: Match,
  found: readonly number[],
  path: string,
): void {
  const longer = name === POSITIONS && found.length === 2 && found[0]! >= shape[0]!;
  const fits = longer ? found[1] === shape[1] : found.join() === shape.join();
  if (fits) return;
  const least = name === POSITIONS ? " or more rows" : "";
  throw new EngineError(
    "E_SHAPE",
    `Expected a tensor [${shape.join(", ")}]${least} for ${name}, got ${tensor} [${found.join(", ")}] in ${path}. Give the student the encoder's sizes.`,
  );
}

function cut({ data }: NamedArray, { shape }: Match): NamedArray {
  const size = sizeOf(shape);
  return { shape, data: data.length === size ? data : data.slice(0, size) };
}
