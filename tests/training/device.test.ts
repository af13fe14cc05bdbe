import { describe, expect, it } from "vitest";
import { chooseDevice, makesStep } from "../../src/training/device.ts";

describe("chooseDevice", () => {
  it("takes what the recipe names, untried", async () => {
    const never = () => Promise.reject(new Error("not asked for"));
    expect(await chooseDevice("webgpu", never)).toBe("webgpu");
  });

  it("takes CUDA where it works, else the processor", async () => {
    const only = (working: string) => (device: string) => Promise.resolve(device === working);
    expect(await chooseDevice("auto", only("cuda"))).toBe("cuda");
    expect(await chooseDevice("auto", only("webgpu"))).toBe("cpu");
  });

  it("tries a whole step", async () => {
    expect(await makesStep("cpu")).toBe(true);
  });
});
