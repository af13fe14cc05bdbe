import { sha256 } from "../../src/platform/digest.ts";
import type { Classifier } from "../../src/math/softmax-regression/loss.ts";
import type { HeldOutLabels, TeacherContext } from "../../src/types.ts";
import type { FoundEncoder } from "./describe.ts";
import { readFittedHead } from "./fitted-head.ts";
import { encodeLabelled } from "./labelled-texts.ts";
import type { EncoderHeadOptions } from "./options.ts";
import type { VectorSource } from "./vector-source.ts";

/** A head that is ready to label. */
export interface ReadyHead extends Classifier {
  /** `head.safetensors`. */
  file: Uint8Array;
  digest: string;
  labels: readonly string[];
  /** How it came about, for the report. */
  facts: Record<string, unknown>;
  heldOut: HeldOutLabels | null;
}

/** The head from beside the labels that it gave: nothing is fitted, no labelled text is needed. */
export async function readHead(
  root: string,
  encoders: readonly FoundEncoder[],
): Promise<ReadyHead> {
  const { head, file, labels } = await readFittedHead(root, encoders);
  const facts = { summary: `the head of ${root}` };
  return { ...head, file, digest: sha256(file), labels, facts, heldOut: null };
}

/** Fits the head on the labelled texts. */
export async function fitHeadOn(
  encoder: VectorSource,
  size: number,
  options: EncoderHeadOptions,
  context: TeacherContext,
): Promise<ReadyHead> {
  const { labelled, classes, seed, signal, report } = context;
  const { fitHead } = await import("./head.ts");
  const data = await encodeLabelled(labelled, encoder, size, signal);
  const auto = options.strength === "auto";
  const task = auto ? "choosing the head's strength" : "fitting the head on folds";
  const { warnings, heldOut, ...head } = await fitHead(data, {
    strength: options.strength,
    wantsHeldOut: context.wantsHeldOut ?? true,
    classes: classes.length,
    seed,
    signal,
    progress(done, total) {
      report({ kind: "progress", stage: "label", task, done, total, unit: "fits" });
    },
  });
  for (const message of warnings) report({ kind: "warning", stage: "label", message });
  const idsOf = (texts: Int32Array) => Array.from(texts, (text) => labelled[text]!.id);
  return {
    ...head,
    labels: classes,
    heldOut: heldOut && { ids: idsOf(heldOut.texts), logits: heldOut.logits },
  };
}
