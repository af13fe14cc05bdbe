/** What an encoder's file holds besides its weights: a buffer of position numbers, which older versions saved. */
const BUFFERS: ReadonlySet<string> = new Set([
  "embeddings.position_ids",
  "embeddings.token_type_ids",
]);

/** Names of the position table, which may be longer than a student's. */
export const POSITIONS = "embeddings.position_embeddings.weight";

/**
 * The name that a tensor of a Hugging Face BERT has in our `transformer`: without the `bert.` before an encoder inside
 * a larger model, and with `weight` and `bias` where checkpoints converted from TensorFlow say `gamma` and `beta`.
 */
export function bertName(name: string): string {
  return name
    .replace(/^bert\./, "")
    .replace(/\.LayerNorm\.gamma$/, ".LayerNorm.weight")
    .replace(/\.LayerNorm\.beta$/, ".LayerNorm.bias");
}

/** Whether a tensor is no news when nobody reads it: buffers, and the pooler, which mean pooling does without. */
export function isExpendable(name: string): boolean {
  return BUFFERS.has(name) || name.startsWith("pooler.");
}
