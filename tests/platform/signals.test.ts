import { describe, expect, it } from "vitest";
import { startScript } from "./start-script.ts";

// Windows has no signals that a process could catch.
describe.skipIf(process.platform === "win32")("onInterrupt", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("lets the work be saved after %s", async (signal, code) => {
    const script = startScript("interruptible.ts", ["finish"]);
    await script.says("ready");
    script.process.kill(signal);
    await script.says(`saving after ${signal}`);
    expect(await script.ended).toBe(code);
  });

  it("leaves at once after the second signal", async () => {
    const script = startScript("interruptible.ts", []);
    await script.says("ready");
    script.process.kill("SIGINT");
    await script.says("saving after SIGINT");
    script.process.kill("SIGINT");
    expect(await script.says("leaving")).not.toMatch(/saving[^]*saving/);
    expect(await script.ended).toBe(130);
  });

  it("ends with its exit code when the second signal comes during the last clean-up", async () => {
    const script = startScript("interruptible.ts", ["linger"]);
    await script.says("ready");
    script.process.kill("SIGINT");
    await script.says("saving after SIGINT");
    script.process.kill("SIGINT");
    expect(await script.ended).toBe(130);
  });
});
