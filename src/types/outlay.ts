/** What asking costs. */
export interface Outlay {
  calls: number;
  inputTokens: number;
  outputTokens: number;
  /** In `currency`; null where no price is known. */
  money: number | null;
}

/** What leaves the machine, to whom, and for how much: said and agreed to before the first call. */
export interface OutlayPlan extends Outlay {
  currency: string;
  /** Texts that would be asked about. */
  texts: number;
  /** Host that the texts go to, such as `api.example.com`. */
  recipient: string;
  /** Whether the recipient is this machine: nothing leaves it then. */
  local: boolean;
  /** Most that may be spent, in `currency`; null where the recipe sets no ceiling. */
  ceiling: number | null;
}
