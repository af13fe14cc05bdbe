import type { IdentifiedText, OutlayPlan, Teacher } from "../../src/types.ts";

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** The sum, or null where one of them is not known. */
function known(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length < values.length ? null : sum(numbers);
}

/** What the members' answers would send out and cost together, of those that cost or send anything. */
export async function joinEstimates(
  members: readonly Teacher[],
  texts: readonly IdentifiedText[],
): Promise<OutlayPlan> {
  const plans: OutlayPlan[] = [];
  for (const member of members) {
    if (member.estimate !== undefined) plans.push(await member.estimate(texts));
  }
  const currencies = [...new Set(plans.map(({ currency }) => currency))];
  return {
    calls: sum(plans.map(({ calls }) => calls)),
    inputTokens: sum(plans.map(({ inputTokens }) => inputTokens)),
    outputTokens: sum(plans.map(({ outputTokens }) => outputTokens)),
    // Of several currencies there is no sum.
    money: currencies.length > 1 ? null : known(plans.map(({ money }) => money)),
    currency: currencies.join(" and "),
    texts: Math.max(...plans.map((plan) => plan.texts)),
    recipient: [...new Set(plans.map(({ recipient }) => recipient))].join(", "),
    local: plans.every(({ local }) => local),
    ceiling: currencies.length > 1 ? null : known(plans.map(({ ceiling }) => ceiling)),
  };
}
