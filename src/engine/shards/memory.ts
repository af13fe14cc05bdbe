import { scale } from "../host/vectors.ts";
import type { TrainingPlan } from "../program/training-plan.ts";
import { sizeOf } from "../shape.ts";

/** Where each parameter, or its gradient, lies in an array of all of them. */
export interface Layout {
  places: ReadonlyMap<string, { offset: number; size: number }>;
  size: number;
}

/** The parameters one after the other. */
export function layOut(parameters: TrainingPlan["parameters"]): Layout {
  const places = new Map<string, { offset: number; size: number }>();
  let offset = 0;
  for (const { name, shape } of parameters) {
    const size = sizeOf(shape);
    places.set(name, { offset, size });
    offset += size;
  }
  return { places, size: offset };
}

/** Zeros that threads see without a copy. */
export function sharedArray(size: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(4 * size));
}

/** `target = weight · source`, each product rounded to float32; both may be the same array. */
export function scaleInto(target: Float32Array, source: Float32Array, weight: number): void {
  if (weight === 1) {
    if (target !== source) target.set(source);
    return;
  }
  scale(target, source, weight);
}
