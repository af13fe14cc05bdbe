import type { CompiledProgram } from "../../src/engine/index.ts";
import { LimbeckError } from "../../src/errors.ts";
import { answerSet } from "../../src/fitting/validation.ts";
import { selectRows, type TrainingSet } from "../../src/fitting/training-set.ts";
import type { LogitsOptions } from "../transformers/logits-session.ts";
import { packRows } from "../transformers/pack.ts";

/** Texts that are compared, spread over the set. */
const TEXTS = 16;
/** Largest difference, in parts of the largest logit: float32 sums in another order. */
const TOLERANCE = 1e-3;

/**
 * Holds what ONNX Runtime answers from the exported file against what was trained.
 *
 * @throws LimbeckError `E_EXPORT` with the difference.
 */
export async function checkExport(
  program: CompiledProgram,
  set: TrainingSet,
  options: LogitsOptions,
): Promise<void> {
  const step = Math.max(1, Math.floor(set.rows / TEXTS));
  const rows = [...set.labels.keys()].filter((row) => row % step === 0).slice(0, TEXTS);
  const some = selectRows(set, rows);
  const trained = await answerSet(program, some);
  const { LogitsSession } = await import("../transformers/logits-session.ts");
  const session = await LogitsSession.load(options);
  try {
    const texts = rows.map((_, at) => some.tokens.slice(some.offsets[at], some.offsets[at + 1]));
    const exported = await session.encode(packRows(texts.map((ids) => ({ ids }))), TEXTS);
    const difference = largest(trained.map((logit, at) => logit - exported[at]!));
    // Written so that NaN fails too.
    if (difference <= TOLERANCE * Math.max(1, largest(trained))) return;
    throw new LimbeckError(
      "E_EXPORT",
      `Expected the exported teacher in ${options.folder} to give the trained one's logits, got a difference of ${difference.toExponential(1)}. ` +
        "Please report this with the recipe.",
    );
  } finally {
    await session.close();
  }
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
