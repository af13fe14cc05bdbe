import type { OutlayPlan } from "../types.ts";

const count = (value: number): string => value.toLocaleString("en-US");
const many = (value: number, unit: string): string =>
  `${count(value)} ${unit}${value === 1 ? "" : "s"}`;

/** An amount with as many digits as tell something: `0.0042 USD`, `1,234.50 USD`. */
function formatMoney(amount: number, currency: string): string {
  const digits =
    amount !== 0 && amount < 1
      ? { maximumSignificantDigits: 2 }
      : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return `${amount.toLocaleString("en-US", digits)} ${currency}`;
}

/** What leaves the machine, to whom and for how much, in sentences. */
export function describeOutlay(plan: OutlayPlan): string[] {
  const { texts, calls, inputTokens, outputTokens, money, currency, recipient, local, ceiling } =
    plan;
  const what = `${many(texts, "text")}, the names and descriptions of the classes and the examples of the prompt`;
  const where = local
    ? `${what} go to ${recipient}, on this machine: nothing leaves it.`
    : `${what} would leave this machine, to ${recipient}.`;
  const tokens = `about ${count(inputTokens)} tokens in and up to ${count(outputTokens)} out`;
  const price =
    money === null
      ? local
        ? ""
        : ", at a price that the recipe does not tell (teacher.price)"
      : `, up to ${formatMoney(money, currency)}`;
  const limit =
    ceiling === null
      ? local
        ? ""
        : " No ceiling is set (teacher.maxCost)."
      : ` Ceiling: ${formatMoney(ceiling, currency)}.`;
  return [where, `${many(calls, "call")}, ${tokens}${price}.${limit}`];
}
