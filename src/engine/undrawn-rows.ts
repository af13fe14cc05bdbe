import type { Drawing } from "./program/initialize.ts";

export interface UndrawnRowsOptions {
  /** `[rows, size]`, written to as rows are needed. */
  values: Float32Array;
  size: number;
  draw: Drawing;
}

/**
 * Rows of a table whose random starting values are drawn when they are first needed: a large vocabulary delays no
 * start, and of a table whose values are loaded none is drawn. A value depends on its place alone, so the order in
 * which rows are drawn changes no bit.
 */
export class UndrawnRows {
  private readonly options: UndrawnRowsOptions;
  /** By row: whether it has its values. */
  private readonly drawn: Uint8Array;
  private missing: number;

  constructor(options: UndrawnRowsOptions) {
    this.options = options;
    this.missing = options.values.length / options.size;
    this.drawn = new Uint8Array(this.missing);
  }

  /** Draws a row unless it has been drawn. */
  drawRow(row: number): void {
    if (this.missing === 0 || this.drawn[row] !== 0) return;
    const { values, size, draw } = this.options;
    draw(values, row * size, (row + 1) * size);
    this.drawn[row] = 1;
    this.missing -= 1;
  }

  drawAll(): void {
    for (let row = 0; this.missing > 0; row += 1) this.drawRow(row);
  }

  /** Says that all values have come from elsewhere. */
  forget(): void {
    this.missing = 0;
  }
}
