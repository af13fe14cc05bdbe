import { describe, expect, it } from "vitest";
import { readRetryAfter } from "../../../teachers/llm/retry-after.ts";
import { Throttle, type Clock } from "../../../teachers/llm/throttle.ts";

/** Time that passes only where somebody waits. */
function fakeClock(): Clock & { time: number } {
  return {
    time: 0,
    now() {
      return this.time;
    },
    sleep(milliseconds, signal) {
      signal.throwIfAborted();
      this.time += milliseconds;
      return Promise.resolve();
    },
  };
}
const { signal } = new AbortController();

describe("the throttle", () => {
  it("lets no more requests through than there may be in any minute", async () => {
    const clock = fakeClock();
    const throttle = new Throttle({ requestsPerMinute: 3, tokensPerMinute: Infinity, clock });
    const times: number[] = [];
    for (let call = 0; call < 7; call += 1) {
      await throttle.admit(1, signal);
      times.push(clock.time);
      clock.time += 1000;
    }
    // Three at 0, 1, 2 s; the next three when those are a minute old; the seventh when the fourth is.
    expect(times).toEqual([0, 1000, 2000, 60_000, 61_000, 62_000, 120_000]);
  });

  it("counts tokens, as they turn out to be, and lets a single oversized call through an empty minute", async () => {
    const clock = fakeClock();
    const throttle = new Throttle({ requestsPerMinute: Infinity, tokensPerMinute: 100, clock });
    const correct = await throttle.admit(90, signal);
    correct(20);
    await throttle.admit(80, signal);
    expect(clock.time).toBe(0);
    await throttle.admit(1, signal);
    expect(clock.time).toBe(60_000);
    await throttle.admit(500, signal);
    expect(clock.time).toBe(120_000);
  });

  it("pauses everybody, and a shorter pause does not end a longer one", async () => {
    const clock = fakeClock();
    const throttle = new Throttle({
      requestsPerMinute: Infinity,
      tokensPerMinute: Infinity,
      clock,
    });
    throttle.pause(5000);
    throttle.pause(100);
    await throttle.admit(1, signal);
    expect(clock.time).toBe(5000);
  });

  it("lets the next one in after one that has given up", async () => {
    const clock = fakeClock();
    const throttle = new Throttle({
      requestsPerMinute: Infinity,
      tokensPerMinute: Infinity,
      clock,
    });
    throttle.pause(10);
    await expect(throttle.admit(1, AbortSignal.abort())).rejects.toThrow();
    await throttle.admit(1, signal);
    expect(clock.time).toBe(10);
  });
});

describe("Retry-After", () => {
  const read = (headers: Record<string, string>, now = 0) =>
    readRetryAfter(new Headers(headers), now);

  it("is read in seconds and as a date, which is held against the server's own clock", () => {
    expect(read({ "retry-after": "7" })).toBe(7000);
    const until = "Wed, 21 Oct 2015 07:28:30 GMT";
    // Our clock is years ahead; the server says that it is 20 s before.
    const now = Date.parse("2030-01-01");
    expect(read({ "retry-after": until, date: "Wed, 21 Oct 2015 07:28:10 GMT" }, now)).toBe(20_000);
    expect(read({ "retry-after": until }, Date.parse(until) - 3000)).toBe(3000);
    expect(read({ "retry-after": until }, now)).toBe(0);
  });

  it("is nothing where it says nothing", () => {
    expect(read({})).toBeNull();
    expect(read({ "retry-after": "soon" })).toBeNull();
  });
});
