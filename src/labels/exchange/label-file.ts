import type { Provenance } from "../provenance.ts";
import type { Description } from "../description.ts";

/** What a file of labels says of them as a whole. */
export interface LabelFileHeader {
  /** SHA-256 of the description's canonical JSON, as the store's folder is named. */
  digest: string;
  /** teacher.json. */
  description: Description;
  /** Class names in the order of the logits. */
  labels: readonly string[];
  /** Names of the numbers beside the logits. */
  extras: readonly string[];
  /** Where the logits were computed; nulls where that is not known, or not the same for all. */
  provenance: Provenance;
  /** Small files from beside the labels, such as a head's weights. */
  files: Readonly<Record<string, Uint8Array>>;
}

/** Some labels on their way into a file. */
export interface LabelChunk {
  ids: readonly string[];
  /** The texts where they are known; null where no texts are written at all. */
  texts: readonly (string | null)[] | null;
  /** `[ids.length, C]` */
  rows: Float32Array;
  /** `[ids.length, extras]`; NaN where there is none. */
  extras: Float32Array;
}

/** A row as a file has it: nothing about it has been checked. */
export interface RawLabel {
  /** Where it stands, such as `labels.csv:17`. */
  place: string;
  id: unknown;
  logits: ArrayLike<unknown>;
  extras: ArrayLike<unknown>;
}

/** A file of labels that is being read. */
export interface OpenedLabelFile {
  header: LabelFileHeader;
  /** The rows, some at a time; may be gone through more than once. */
  rows(): AsyncIterable<RawLabel[]>;
}
