import { createInterface } from "node:readline/promises";
import { LimbeckError } from "../errors.ts";
import type { OutlayPlan } from "../types.ts";
import type { Reporter } from "./reporter.ts";

/** What would be sent and cost, in a line. */
export function outlayLine(plan: OutlayPlan): string {
  const { texts, recipient, local, calls, inputTokens, outputTokens, money, currency } = plan;
  const number = (value: number) => Math.round(value).toLocaleString("en-US");
  const where = local
    ? `go to ${recipient}, on this machine`
    : `would leave this machine, to ${recipient}`;
  const price = money === null ? "at a price that is not known" : `up to ${money} ${currency}`;
  return (
    `${number(texts)} ${texts === 1 ? "text" : "texts"} ${where}: ${number(calls)} calls, about ` +
    `${number(inputTokens)} tokens in and ${number(outputTokens)} out, ${price}.`
  );
}

/**
 * What asks at the terminal before anything is sent or spent; `--yes` answers beforehand, what stays on this machine is
 * only said. Each recipient is agreed to once.
 */
export function createAgree(
  yes: boolean,
  reporter: Pick<Reporter, "say" | "stop">,
): (plan: OutlayPlan) => Promise<void> {
  const agreed = new Set<string>();
  return async (plan) => {
    if (agreed.has(plan.recipient)) return;
    const line = outlayLine(plan);
    if (!plan.local && !yes && !process.stdin.isTTY) {
      throw new LimbeckError(
        "E_USAGE",
        `${line} Expected somebody to agree to that, got no terminal to ask at; nothing was sent. Agree with --yes.`,
      );
    }
    reporter.stop();
    reporter.say(line);
    if (!plan.local && !yes && !(await ask()))
      throw new LimbeckError("E_ABORTED", `Stopped: nothing was sent to ${plan.recipient}.`);
    agreed.add(plan.recipient);
  };
}

async function ask(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question("Send it? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}
