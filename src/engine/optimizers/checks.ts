import { EngineError } from "../errors.ts";

/** @throws EngineError `E_STEP` if `step` is not the number of an update, counted from 1. */
export function checkStep(step: number): void {
  if (Number.isInteger(step) && step >= 1) return;
  throw new EngineError(
    "E_STEP",
    `Expected the number of this update, counted from 1, got ${step}. Add 1 to a step that is counted from 0.`,
  );
}

/** @throws EngineError `E_OPTIMIZER` unless `low ≤ value < high`. */
export function checkOption(name: string, value: number, low: number, high = Infinity): void {
  if (value >= low && value < high) return;
  const range = high === Infinity ? `at least ${low}` : `in [${low}, ${high})`;
  throw new EngineError("E_OPTIMIZER", `Expected ${name} ${range}, got ${value}.`);
}
