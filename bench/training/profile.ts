import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Timing } from "./protocol.ts";
import { startModule } from "./side.ts";
import type { StepWork } from "./works.ts";

/** What is read of an event of ONNX Runtime's trace; times in microseconds. */
export interface TraceEvent {
  cat: string;
  name: string;
  ts: number;
  dur: number;
  tid?: number;
  args?: Record<string, unknown>;
}

export interface OperatorTime {
  operator: string;
  calls: number;
  milliseconds: number;
  /** Of the time of all operators. */
  share: number;
}

/**
 * Time by operator, the costliest first. An operator with a body, such as Scan, counts without what runs inside it: an
 * event's own time is its duration less that of the events within it on the same thread.
 */
export function operatorTimes(events: readonly TraceEvent[]): OperatorTime[] {
  const nodes = events
    .filter(({ cat, args }) => cat === "Node" && typeof args?.["op_name"] === "string")
    .sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const totals = new Map<string, { calls: number; microseconds: number }>();
  const add = (event: TraceEvent, microseconds: number, calls: number): void => {
    const operator = event.args!["op_name"] as string;
    const total = totals.get(operator) ?? { calls: 0, microseconds: 0 };
    totals.set(operator, {
      calls: total.calls + calls,
      microseconds: total.microseconds + microseconds,
    });
  };
  const open = new Map<number, TraceEvent[]>();
  for (const event of nodes) {
    const around = open.get(event.tid ?? 0) ?? [];
    while (around.length > 0 && around.at(-1)!.ts + around.at(-1)!.dur <= event.ts) around.pop();
    if (around.length > 0) add(around.at(-1)!, -event.dur, 0);
    add(event, event.dur, 1);
    open.set(event.tid ?? 0, [...around, event]);
  }
  const all = [...totals.values()].reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [...totals]
    .map(([operator, { calls, microseconds }]) => ({
      operator,
      calls,
      milliseconds: microseconds / 1000,
      share: microseconds / all,
    }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Prints where a step's time goes on one thread: the graph's share, and its ten costliest operators. */
export async function profileOurs(
  work: StepWork,
  folder: string,
  note: (line: string) => void,
): Promise<void> {
  const { model, batch, length } = work;
  const id = "profile";
  const steps = 20;
  const side = startModule(import.meta.url, "./ours.ts", `--profile=${join(folder, "trace")}`);
  try {
    await side.ask({ do: "open", id, model, batch, length, weightDecay: 0.01, mode: {} });
    const { seconds } = await side.ask<Timing>({ do: "steps", id, count: steps });
    await side.ask({ do: "profile" });
    const file = (await readdir(folder)).find((name) => name.startsWith("trace"))!;
    const events = JSON.parse(await readFile(join(folder, file), "utf8")) as TraceEvent[];
    const runs = events.filter(({ name }) => name === "model_run");
    const graph = runs.reduce((sum, { dur }) => sum + dur, 0) / 1000 / steps;
    const step = (seconds * 1000) / steps;
    note(
      `  one thread, profiled: ${step.toFixed(1)} ms per step, ${graph.toFixed(1)} in the graph`,
    );
    for (const { operator, calls, milliseconds, share } of operatorTimes(events).slice(0, 10)) {
      const each = `${(milliseconds / steps).toFixed(2)} ms per step, ${calls / steps} calls`;
      note(`    ${(share * 100).toFixed(1).padStart(5)} %  ${operator.padEnd(24)} ${each}`);
    }
  } finally {
    await side.stop();
  }
}
