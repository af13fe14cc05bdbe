import { createInterface } from "node:readline/promises";
import { LimbeckError } from "../errors.ts";
import { describeOutlay } from "../labelling/describe-outlay.ts";
import type { OutlayPlan } from "../types.ts";
import type { Reporter } from "./reporter.ts";

/**
 * Says what would be sent, to whom and for how much, and waits for a yes at the terminal.
 *
 * @throws LimbeckError `E_USAGE` where nobody can answer: the input or the output is no terminal.
 */
export async function askConsent(
  plan: OutlayPlan,
  reporter: Pick<Reporter, "say" | "stop">,
): Promise<boolean> {
  reporter.stop();
  const lines = describeOutlay(plan);
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new LimbeckError(
      "E_USAGE",
      `${lines.join(" ")} Expected somebody to agree to that, got no terminal to ask at; nothing was sent. ` +
        "Agree with --yes, or look at it first with --dry-run.",
    );
  }
  for (const line of lines) reporter.say(line);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and the end of the input are a no.
  const closed = new Promise<string>((resolve) =>
    terminal.once("close", () => {
      resolve("");
    }),
  );
  try {
    const answer = await Promise.race([terminal.question("Send it? [y/N] "), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
