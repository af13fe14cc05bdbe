/** A sparse matrix by rows (CSR): row `r` has `values[k]` in column `columns[k]` for `starts[r] ≤ k < starts[r + 1]`. */
export interface SparseRows {
  /** Number of columns. */
  width: number;
  /** `[rows + 1]`. */
  starts: Int32Array;
  columns: Int32Array;
  values: Float64Array;
}

/** A matrix with fewer columns in which every linear model with an L2 penalty is the same, and the way back. */
export interface MergedColumns {
  rows: SparseRows;
  /** Weights `[width of rows, classes]` of the merged matrix as weights `[F, classes]` of the original one. */
  expand(weights: ArrayLike<number>, classes: number): Float32Array;
}

/**
 * Merges the columns that occur in one and the same row only into one column, whose value is the norm of theirs. The
 * gradient moves the weights of such columns along their values alone, so the optimum `w_j = x_j / ‖x‖ · w` and its
 * penalty `Σ w_j² = w²` are those of the merged column: nothing is approximated, and pairs of words, most of which
 * occur once, no longer cost anything.
 */
export function mergeSingletons(rows: SparseRows): MergedColumns {
  const { starts, columns, values, width } = rows;
  const occurrences = new Int32Array(width);
  for (const column of columns) occurrences[column]! += 1;
  const target = new Int32Array(width).fill(-1); // merged column of each column
  const factor = new Float64Array(width); // x_j / ‖x‖, or 1
  const merged = {
    starts: new Int32Array(starts.length),
    columns: [] as number[],
    values: [] as number[],
  };
  let mergedWidth = 0;
  for (let row = 0; row + 1 < starts.length; row += 1) {
    const single: number[] = [];
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry += 1) {
      const column = columns[entry]!;
      if (occurrences[column] === 1) {
        single.push(entry);
        continue;
      }
      if (target[column] === -1) {
        target[column] = mergedWidth++;
        factor[column] = 1;
      }
      merged.columns.push(target[column]!);
      merged.values.push(values[entry]!);
    }
    const norm = Math.sqrt(single.reduce((sum, entry) => sum + values[entry]! ** 2, 0));
    if (norm > 0) {
      for (const entry of single) {
        target[columns[entry]!] = mergedWidth;
        factor[columns[entry]!] = values[entry]! / norm;
      }
      merged.columns.push(mergedWidth++);
      merged.values.push(norm);
    }
    merged.starts[row + 1] = merged.columns.length;
  }
  return {
    rows: {
      width: mergedWidth,
      starts: merged.starts,
      columns: Int32Array.from(merged.columns),
      values: Float64Array.from(merged.values),
    },
    expand: (weights, classes) => expandWeights(weights, classes, target, factor),
  };
}

function expandWeights(
  weights: ArrayLike<number>,
  classes: number,
  target: Int32Array,
  factor: Float64Array,
): Float32Array {
  const expanded = new Float32Array(target.length * classes);
  target.forEach((from, column) => {
    if (from === -1) return; // in no row: the penalty keeps it at zero
    const scale = factor[column]!;
    for (let index = 0; index < classes; index += 1) {
      expanded[column * classes + index] = scale * weights[from * classes + index]!;
    }
  });
  return expanded;
}
