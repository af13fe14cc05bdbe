import { LimbeckError } from "../../src/errors.ts";
import { readLedger } from "../../src/labels/ledger.ts";
import type { Outlay } from "../../src/types.ts";
import { moneyFor } from "./tokens.ts";
import type { LlmOptions } from "./options.ts";

export interface BudgetOptions {
  price: LlmOptions["price"];
  /** Null: no ceiling. */
  ceiling: number | null;
  /** The label store's own folder: its ledger counts what every process has spent. */
  root: string;
  /** Spent outside the ledger. */
  before: Outlay;
  /** Tokens of the journals that this process writes: their sums are counted here. */
  own: () => readonly string[];
}

/** How long what other processes have spent is believed. */
const REFRESH_MILLISECONDS = 2000;

/** The money that a label store may cost: nothing is sent unless it, and all that is under way, fits in. */
export class Budget {
  private readonly options: BudgetOptions;
  private spent = 0;
  private reserved = 0;
  private others: Promise<number> | null = null;
  private othersAt = -Infinity;
  private waiting: (() => void)[] = [];

  constructor(options: BudgetOptions) {
    this.options = options;
  }

  /**
   * Sets money aside for a call, waiting for calls under way where it might not be enough.
   *
   * @param money - what the call costs at most; null where no price is known
   * @returns to be called once with what it did cost; nothing else may be spent meanwhile
   * @throws LimbeckError `E_TEACHER` where the ceiling is reached.
   */
  async reserve(money: number | null): Promise<(actual: number | null) => void> {
    const { ceiling } = this.options;
    if (ceiling === null || money === null) return () => undefined;
    for (;;) {
      const others = await this.readOthers();
      const spent = others + this.spent;
      if (spent + this.reserved + money <= ceiling) break;
      if (this.reserved <= 0) throw this.reached(spent, money);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.reserved += money;
    return (actual) => {
      this.reserved -= money;
      // Sums of floats: an empty reservation is none.
      if (this.reserved < 1e-12) this.reserved = 0;
      this.spent += actual ?? 0;
      const waiting = this.waiting;
      this.waiting = [];
      for (const resolve of waiting) resolve();
    };
  }

  /** Money that everything outside this process's own journals has cost, at the current price where none was noted. */
  private async readOthers(): Promise<number> {
    const now = performance.now();
    if (this.others === null || now - this.othersAt > REFRESH_MILLISECONDS) {
      this.othersAt = now;
      this.others = this.sumOthers();
    }
    return await this.others;
  }

  private async sumOthers(): Promise<number> {
    const { root, own, price, before } = this.options;
    const pages = await readLedger(root, own());
    return pages.reduce(
      (sum, { paid, currency }) =>
        sum + (currency === price?.currency ? (paid.money ?? 0) : (moneyFor(price, paid) ?? 0)),
      before.money ?? moneyFor(price, before) ?? 0,
    );
  }

  private reached(spent: number, money: number): LimbeckError {
    const { ceiling, price } = this.options;
    const amount = (value: number) => `${Number(value.toPrecision(4))} ${price?.currency ?? ""}`;
    return new LimbeckError(
      "E_TEACHER",
      `Expected to stay within teacher.maxCost, ${amount(ceiling!)}, got ${amount(spent)} spent and a next call of up to ` +
        `${amount(money)}. The answers so far are saved: raise maxCost and give the same command again to go on.`,
    );
  }
}
