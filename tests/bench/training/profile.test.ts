import { describe, expect, it } from "vitest";
import { operatorTimes, type TraceEvent } from "../../../bench/training/profile.ts";

function node(operator: string, ts: number, dur: number, tid = 1): TraceEvent {
  return {
    cat: "Node",
    name: `${operator}_kernel_time`,
    ts,
    dur,
    tid,
    args: { op_name: operator },
  };
}

describe("time by operator", () => {
  it("adds up calls, the costliest first, and ignores what is no operator", () => {
    const times = operatorTimes([
      { cat: "Session", name: "model_run", ts: 0, dur: 9000, args: {} },
      node("Add", 0, 1000),
      node("MatMul", 1000, 4000),
      node("Add", 5000, 3000),
      node("MatMul", 8000, 8000),
    ]);
    // 12 ms of 16 and 4 of 16.
    expect(times).toEqual([
      { operator: "MatMul", calls: 2, milliseconds: 12, share: 0.75 },
      { operator: "Add", calls: 2, milliseconds: 4, share: 0.25 },
    ]);
  });

  it("counts a Scan without its body, however deep, in any order of the events", () => {
    const times = operatorTimes([
      node("MatMul", 100, 300),
      node("Loop", 50, 700),
      node("Scan", 0, 1000),
      node("Add", 1000, 500), // begins where the Scan ends: not within it
      node("MatMul", 500, 200),
    ]);
    const own = Object.fromEntries(
      times.map(({ operator, milliseconds }) => [operator, milliseconds]),
    );
    // Scan 1000 - 700, Loop 700 - 300 - 200, in microseconds.
    expect(own).toEqual({ MatMul: 0.5, Add: 0.5, Scan: 0.3, Loop: 0.2 });
    expect(times.find(({ operator }) => operator === "Scan")?.calls).toBe(1);
  });

  it("does not take what another thread does meanwhile for a body", () => {
    const times = operatorTimes([node("Scan", 0, 1000, 1), node("Add", 100, 200, 2)]);
    expect(times.find(({ operator }) => operator === "Scan")?.milliseconds).toBe(1);
  });
});
