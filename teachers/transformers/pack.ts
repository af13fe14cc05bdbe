/** A text, or a pair of texts, as its model reads it. */
export interface TokenRow {
  ids: Int32Array;
  /** Token types, one per id, where the model is told them. */
  types?: Int32Array;
}

/** Token ids of some texts, one after the other, and how many each text has. */
export interface TokenBlock {
  ids: Int32Array;
  lengths: Int32Array;
  /** Token types, one per id: 0 in the first text of a pair, 1 in the second. Default: all 0. */
  types?: Int32Array;
}

/** Puts rows one after the other, in the order given. */
export function packRows(rows: readonly TokenRow[]): TokenBlock {
  const lengths = Int32Array.from(rows, ({ ids }) => ids.length);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const ids = new Int32Array(tokens);
  const types = rows[0]?.types && new Int32Array(tokens);
  let offset = 0;
  for (const row of rows) {
    ids.set(row.ids, offset);
    if (types) types.set(row.types!, offset);
    offset += row.ids.length;
  }
  return { ids, lengths, ...(types && { types }) };
}
