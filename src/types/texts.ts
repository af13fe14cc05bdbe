/** First 128 bits of SHA-256 over the NFC-normalised UTF-8 text, as 32 lower-case hexadecimal digits. */
export type TextId = string;

export interface TextRow {
  id: TextId;
  text: string;
  /** The gold label, or null where there is none or it was not bought. */
  label: string | null;
}

export interface IdentifiedText {
  id: TextId;
  text: string;
  /** Its answer is there already: in a fixed plan it only takes its place beside the others. */
  known?: boolean;
}

export interface LabelledText extends IdentifiedText {
  /** Index into the classes. */
  label: number;
}

export const SPLITS = ["labelled", "transfer", "validation", "test"] as const;
/** labelled: bought gold labels · transfer: no labels · validation: see PrepareDetails · test: gold labels, read by evaluate only. */
export type Split = (typeof SPLITS)[number];
