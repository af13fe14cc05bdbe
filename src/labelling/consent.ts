import { LimbeckError } from "../errors.ts";
import type { OutlayPlan, Report } from "../types.ts";
import { describeOutlay } from "./describe-outlay.ts";

/** Asks a person, or whoever may decide, whether this may be sent and spent. */
export type Consent = (plan: OutlayPlan) => Promise<boolean>;

/** Passes where it may; what a teacher and the stages call. @throws LimbeckError `E_USAGE`, `E_ABORTED` */
export type Agree = (plan: OutlayPlan, again?: "again") => Promise<void>;

export interface ConsentOptions {
  /** Agrees to everything: the user has said so beforehand. */
  yes?: boolean | undefined;
  /** Asked where `yes` is not given. Default: nobody is there to agree. */
  consent?: Consent | undefined;
  report: Report;
}

/** An estimate that has grown by less is the one that was agreed to. */
const ROUGHLY = 1.25;

/** Whether what was agreed to for a recipient covers this: about as much or less. */
function covers(agreed: OutlayPlan, plan: OutlayPlan): boolean {
  const within = (before: number, now: number) => now <= before * ROUGHLY;
  return (
    within(agreed.texts, plan.texts) &&
    within(agreed.calls, plan.calls) &&
    within(agreed.inputTokens, plan.inputTokens) &&
    within(agreed.money ?? 0, plan.money ?? 0)
  );
}

function nobodyAgreed({ recipient }: OutlayPlan): LimbeckError {
  return new LimbeckError(
    "E_USAGE",
    `Expected consent to send texts to ${recipient}, got none; nothing was sent. Pass yes: true or consent to run(), or --yes.`,
  );
}

/**
 * Asks once for each recipient, and again only for notably more. What stays on this machine is said and not asked.
 */
export function openConsent({ yes, consent, report }: ConsentOptions): Agree {
  const agreed: OutlayPlan[] = [];
  const say = (plan: OutlayPlan): void => {
    for (const message of describeOutlay(plan)) report({ kind: "note", stage: "label", message });
  };
  return async (plan, again) => {
    const known = agreed.filter(({ recipient }) => recipient === plan.recipient);
    if (again === undefined ? known.some((before) => covers(before, plan)) : known.length > 0)
      return;
    if (plan.local || yes === true) say(plan);
    else if (consent === undefined) throw nobodyAgreed(plan);
    else if (!(await consent(plan)))
      throw new LimbeckError("E_ABORTED", `Stopped: nothing was sent to ${plan.recipient}.`);
    agreed.push(plan);
  };
}

/** Thrown by {@link onlyPlan}: carries what would have been sent. Never leaves the planning of a stage. */
export class PlanFound extends Error {
  override readonly name = "PlanFound";
  readonly plan: OutlayPlan;

  constructor(plan: OutlayPlan) {
    super("planned");
    this.plan = plan;
  }
}

/** Agrees to nothing and hands the plan to whoever is only planning. */
export const onlyPlan: Agree = (plan) => Promise.reject(new PlanFound(plan));
