import { EngineError } from "../errors.ts";
import type { NamedArray, StateDict } from "../types.ts";
import { sizeOf } from "../shape.ts";

/** @throws EngineError `E_STATE` naming a tensor that nobody asked for. */
export function checkNames(known: readonly string[], tensors: StateDict): void {
  const unknown = Object.keys(tensors).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new EngineError(
    "E_STATE",
    `Expected tensors of this program, got ${unknown}, which it does not have. Load the state of the same program.`,
  );
}

/** @throws EngineError `E_STATE` naming the tensor if it is missing or misshapen. */
export function findTensor(
  tensors: StateDict,
  name: string,
  shape: readonly number[],
): Float32Array {
  const tensor: NamedArray | undefined = tensors[name];
  const size = sizeOf(shape);
  if (tensor?.shape.join() === shape.join() && tensor.data.length === size) return tensor.data;
  const got = tensor ? `[${tensor.shape.join(", ")}], ${tensor.data.length} elements` : "none";
  throw new EngineError(
    "E_STATE",
    `Expected a tensor ${name} [${shape.join(", ")}], got ${got}. Load the state of the same program.`,
  );
}
