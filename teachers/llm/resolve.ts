import { dirname, join } from "node:path";
import { digestOf } from "../../src/platform/digest.ts";
import { readJson, writeJson } from "../../src/platform/files.ts";
import { NOTHING_PAID } from "../../src/labels/ledger.ts";
import type { OutlayPlan, TeacherContext } from "../../src/types.ts";
import type { Caller } from "./caller.ts";
import { describeTeacher } from "./describe.ts";
import type { LlmOptions } from "./options.ts";
import { probeServer, votesResolution } from "./probe.ts";
import type { PromptParts } from "./prompt.ts";
import type { ProbeRecord } from "./resolution.ts";
import type { Server } from "./server.ts";

export interface ResolveOptions {
  options: LlmOptions;
  server: Server;
  parts: Omit<PromptParts, "codes">;
  context: Pick<TeacherContext, "labelsFolder" | "signal" | "report">;
}

/** Most calls that finding out takes. */
export const PROBES = 4;

/** Where it is kept what a server can do: beside the label stores, by everything else that describes the teacher. */
function recordPath({ options, server, parts, context }: ResolveOptions): string {
  const digest = digestOf(describeTeacher({ options, server, parts }, null));
  return join(dirname(context.labelsFolder), "servers", `${digest}.json`);
}

/** What is known without asking the server: answers that are counted need nothing of it. Null: it has to be asked. */
export async function readResolution(known: ResolveOptions): Promise<ProbeRecord | null> {
  if (known.options.mode === "votes") {
    return {
      schema: "limbeck.server/1",
      resolution: votesResolution(known.parts.classes.length),
      tokensPerByte: null,
      paid: NOTHING_PAID,
      at: "",
    };
  }
  return await readJson<ProbeRecord>(recordPath(known));
}

/** Asks the server once and keeps what it can do, so that the same recipe finds the same label store without asking. */
export async function resolveByProbe(
  known: ResolveOptions,
  {
    caller,
    agree,
    plan,
  }: { caller: Caller; agree: (plan: OutlayPlan) => Promise<void>; plan: OutlayPlan },
): Promise<ProbeRecord> {
  const { options, parts, context } = known;
  await agree(plan);
  const { resolution, paid, note } = await probeServer({
    caller,
    options,
    parts,
    signal: context.signal,
  });
  if (note !== null) context.report({ kind: "note", stage: "label", message: note });
  const record: ProbeRecord = {
    schema: "limbeck.server/1",
    resolution,
    tokensPerByte: caller.options.rule.tokensPerByte,
    paid,
    at: new Date().toISOString(),
  };
  await writeJson(recordPath(known), record);
  return record;
}
