import { EngineError } from "./errors.ts";
import { allocatePlainly } from "./host/host-memory.ts";
import type { Allocate } from "./host/host-memory.ts";
import { addRows } from "./host/row-sums.ts";
import { createState, stateNamesOf } from "./optimizers/optimizer.ts";
import type { Optimizer, UpdateOptions } from "./optimizers/optimizer.ts";
import type { NamedArray, StateDict } from "./types.ts";

export interface EmbeddingTableOptions {
  rows: number;
  size: number;
  /** Starting values, `[rows, size]`; the table works on this very array. Default: zeros. */
  values?: Float32Array;
  /** Updates the rows; without one the table is frozen and takes no gradients. */
  optimizer?: Optimizer;
  /** A row that never learns: its tokens get no gradient, as with PyTorch's `padding_idx`. */
  paddingRow?: number;
  /** Gives the arrays that the table makes. */
  allocate?: Allocate;
}

/**
 * A table of vectors on the host: a batch's rows are gathered for the graph, their gradients summed per row, and only
 * the touched rows are updated, so that a step's cost does not depend on the number of rows.
 *
 * The update is the lazy one of `torch.optim.SparseAdam`: the optimizer's state and the weight decay of rows that a
 * batch does not touch rest, while AdamW's bias correction counts all steps. It equals the dense update when every row
 * is touched in each step.
 */
export class EmbeddingTable {
  readonly rows: number;
  readonly size: number;
  readonly values: Float32Array;
  readonly paddingRow: number | undefined;
  private readonly optimizer: Optimizer | null;
  private readonly state: readonly Float32Array[];
  /** By row: its place in `touched`, or -1. */
  private readonly places: Int32Array;
  private readonly touched: Int32Array;
  private touchedCount = 0;
  /** `[touchedCount, size]` and room for all rows: memory that nothing was written to costs nothing. */
  private readonly sums: Float32Array;

  /** @throws EngineError `E_SHAPE` if `values` or `paddingRow` does not fit. */
  constructor({
    rows,
    size,
    allocate = allocatePlainly,
    values = allocate(rows * size),
    optimizer,
    paddingRow,
  }: EmbeddingTableOptions) {
    this.rows = rows;
    this.size = size;
    this.values = values;
    expectLength("values", this.values, [rows, size]);
    if (paddingRow !== undefined && !(paddingRow >= 0 && paddingRow < rows)) {
      throw new EngineError("E_SHAPE", `Expected a padding row below ${rows}, got ${paddingRow}.`);
    }
    this.paddingRow = paddingRow;
    this.optimizer = optimizer ?? null;
    this.state = optimizer ? createState(optimizer, rows * size, allocate) : [];
    this.places = new Int32Array(rows).fill(-1);
    this.touched = new Int32Array(rows);
    this.sums = allocate(rows * size);
  }

  /** Rows that have gradients, in the order of their first token; a view that the next call changes. */
  get touchedRows(): Int32Array {
    return this.touched.subarray(0, this.touchedCount);
  }

  /** Their summed gradients, `[touchedRows.length, size]`; a view that the next call changes. */
  get gradient(): Float32Array {
    return this.sums.subarray(0, this.touchedCount * this.size);
  }

  /**
   * Copies the tokens' rows: `out[n] = values[tokens[n]]`.
   *
   * @param out - `[N, size]` for `N` tokens.
   * @throws EngineError `E_SHAPE` if `out` does not fit, `E_TOKEN` if a token is not a row.
   */
  gather(tokens: Int32Array, out: Float32Array): void {
    expectLength("out", out, [tokens.length, this.size]);
    const { values, size } = this;
    for (let place = 0; place < tokens.length; place += 1) {
      const start = this.row(tokens, place) * size;
      // A copy of memory: for 128 columns three times as fast as a loop over them.
      out.set(values.subarray(start, start + size), place * size);
    }
  }

  /**
   * Adds each token's gradient to its row's sum, in the order of the tokens; sums from several calls (parts of a
   * batch) add up until `update` or `clearGradient`. Nothing changes where it throws.
   *
   * @param gradient - `[N, size]` for `N` tokens.
   * @param weight - multiplies the gradient.
   * @throws EngineError `E_SHAPE` if `gradient` does not fit, `E_TOKEN` if a token is not a row.
   */
  accumulate(tokens: Int32Array, gradient: Float32Array, weight = 1): void {
    expectLength("gradient", gradient, [tokens.length, this.size]);
    const { sums, size, touchedCount } = this;
    const places = this.placesOf(tokens);
    sums.fill(0, touchedCount * size, this.touchedCount * size);
    addRows({ sums, size }, places, gradient, weight);
  }

  /** The accumulated gradients as a tensor of the table's shape, zero where no token was; forgets them. */
  takeGradient(): NamedArray {
    const dense = denseRows(this.gradient, this.touchedRows, this);
    this.clearGradient();
    return dense;
  }

  /** Updates the touched rows and forgets their gradients. `step` counts the updates of the whole model, not of a row. */
  update(options: UpdateOptions): void {
    if (this.optimizer) {
      const update = this.optimizer.prepare(options);
      const arrays = { parameter: this.values, gradient: this.sums, state: this.state };
      const { size } = this;
      for (let place = 0; place < this.touchedCount; place += 1) {
        const offset = this.touched[place]! * size;
        update(arrays, { offset, gradientOffset: place * size, count: size });
      }
    }
    this.clearGradient();
  }

  /** Forgets the accumulated gradients without an update. */
  clearGradient(): void {
    for (const row of this.touchedRows) this.places[row] = -1;
    this.touchedCount = 0;
  }

  /** A deep copy of the values, named `name`, and of the optimizer's state. */
  saveState(name: string): { weights: StateDict; optimizer: StateDict } {
    const shape = [this.rows, this.size];
    const optimizer = this.stateNames(name).map(
      (stateName, index) => [stateName, { shape, data: this.state[index]!.slice() }] as const,
    );
    return {
      weights: { [name]: { shape, data: this.values.slice() } },
      optimizer: Object.fromEntries(optimizer),
    };
  }

  /** Names of the optimizer's state of a table of that name. */
  stateNames(name: string): string[] {
    return this.optimizer ? stateNamesOf(this.optimizer, name) : [];
  }

  /**
   * Restores what `saveState` gave; without `optimizer` its state becomes zero.
   *
   * @throws EngineError `E_STATE` naming a tensor that is missing or misshapen; nothing is changed then.
   */
  loadState(name: string, state: { weights: StateDict; optimizer?: StateDict }): void {
    const values = this.fromState(state.weights, name);
    const saved = this.stateNames(name).map(
      (stateName) => state.optimizer && this.fromState(state.optimizer, stateName),
    );
    this.values.set(values);
    this.state.forEach((array, index) => {
      const from = saved[index];
      if (from) array.set(from);
      else array.fill(0);
    });
    this.clearGradient();
  }

  private fromState(tensors: StateDict, name: string): Float32Array {
    const tensor = tensors[name];
    const expected = `[${this.rows}, ${this.size}]`;
    if (
      tensor?.shape.length !== 2 ||
      tensor.data.length !== this.values.length ||
      tensor.shape[0] !== this.rows
    ) {
      const got = tensor ? `[${tensor.shape.join(", ")}]` : "none";
      throw new EngineError(
        "E_STATE",
        `Expected a tensor ${name} of shape ${expected}, got ${got}. Load the state of a table of the same vocabulary and width.`,
      );
    }
    return tensor.data;
  }

  private row(tokens: Int32Array, place: number): number {
    const row = tokens[place]!;
    if (row < 0 || row >= this.rows) {
      throw new EngineError(
        "E_TOKEN",
        `Expected tokens from 0 to ${this.rows - 1}, got ${row} at place ${place}. Use the tokenizer that the table was made for.`,
      );
    }
    return row;
  }

  /** The tokens' places among the touched rows, which new ones join; -1 for those of the padding row. */
  private placesOf(tokens: Int32Array): Int32Array {
    const rows = tokens.map((_, place) => this.row(tokens, place));
    return rows.map((row) => (row === this.paddingRow ? -1 : this.placeOf(row)));
  }

  private placeOf(row: number): number {
    const known = this.places[row]!;
    if (known >= 0) return known;
    const place = this.touchedCount;
    this.places[row] = place;
    this.touched[place] = row;
    this.touchedCount = place + 1;
    return place;
  }
}

function expectLength(what: string, array: Float32Array, shape: readonly [number, number]): void {
  if (array.length !== shape[0] * shape[1]) {
    throw new EngineError(
      "E_SHAPE",
      `Expected ${what} of shape [${shape.join(", ")}], ${shape[0] * shape[1]} elements, got ${array.length}.`,
    );
  }
}

/** A table `[rows, size]` of the `vectors`, one for each of the rows that `places` names, and zeros. */
export function denseRows(
  vectors: Float32Array,
  places: Int32Array,
  { rows, size }: { rows: number; size: number },
): NamedArray {
  const data = new Float32Array(rows * size);
  places.forEach((row, place) => {
    data.set(vectors.subarray(place * size, (place + 1) * size), row * size);
  });
  return { shape: [rows, size], data };
}
