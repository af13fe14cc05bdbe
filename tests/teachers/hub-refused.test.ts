import { describe, expect, it } from "vitest";
import { readHubSettings } from "../../src/platform/hub-settings.ts";
import { onnxFiles } from "../../teachers/transformers/hub/wanted-files.ts";
import { errorOf, expectWhole, hub, NAME, resolve } from "./hub-helpers.ts";
import { HubServer, smallFiles } from "./hub-server.ts";

describe("a model that cannot be had", () => {
  it("says --download where it may not be downloaded, and the recipe's own word does as well", async () => {
    hub.add(NAME);
    const { code, message } = await errorOf({ place: { download: false } });
    expect(code).toBe("E_TEACHER");
    expect(message).toContain("--download");
    expect(message).toContain("teacher.download: true");
    expect(message).toContain(NAME);
    const offline = await errorOf({ settings: { offline: true } });
    expect(offline.message).toContain("HF_HUB_OFFLINE");
    expect(hub.requests).toEqual([]);
    await expectWhole((await resolve({ place: { download: false }, download: true })).path);
  });

  it("says that there is no such model, or that a token is lacking", async () => {
    expect((await errorOf()).message).toMatch(
      /status 401: it is gated, private or not there.*HF_TOKEN/,
    );
    const known = { settings: { token: "hf_secret" } };
    expect((await errorOf(known)).message).toMatch(/some-org\/some.model at http.*no such model/);
    hub.add(NAME, { token: "hf_other" });
    expect((await errorOf()).message).toMatch(/401: it asks to accept its terms.*set HF_TOKEN/);
    const { message } = await errorOf(known);
    expect(message).toMatch(/403: it asks to accept its terms.*token in HF_TOKEN may not read it/);
    expect(message).not.toContain("hf_secret");
    expect(hub.requests).toHaveLength(4); // nobody asks again after a no
  });

  it("says that there is no such revision", async () => {
    hub.add(NAME);
    const { message } = await errorOf({ model: `${NAME}@v9` });
    expect(message).toContain("the revision v9, got none of that name");
  });

  it("lists the ONNX files that there are where the dtype's is not", async () => {
    const files = smallFiles();
    files.set("onnx/model_fp16.onnx", Buffer.from("x"));
    files.set("onnx/model_O4.onnx", Buffer.from("x"));
    hub.add(NAME, { files });
    const { message } = await errorOf({ files: onnxFiles("fp32") });
    expect(message).toContain(
      "Expected onnx/model.onnx, got the ONNX files onnx/model_quantized.onnx",
    );
    expect(message).toContain("Set dtype to one that is there: fp16, q8.");
    files.delete("tokenizer.json");
    expect((await errorOf()).message).toContain("Expected tokenizer.json, got config.json");
    // What lacked a file is not remembered: once it is there, it is found.
    files.set("tokenizer.json", smallFiles().get("tokenizer.json")!);
    await expectWhole((await resolve()).path);
  });

  it("names a hub that is not there, or that is none", async () => {
    const gone = await new HubServer().start();
    const settings = { endpoint: gone.endpoint };
    await gone.stop();
    expect((await errorOf({ settings })).message).toMatch(
      /127\.0\.0\.1:\d+ to answer for the model .*no connection \(\w+\).*HF_ENDPOINT/,
    );
    for (let count = 0; count < 5; count += 1) hub.faults.push({ on: "/", kind: "not-json" });
    expect((await errorOf()).message).toContain("no JSON");
  });
});

describe("readHubSettings", () => {
  it("reads the environment by the hub's own names", () => {
    expect(readHubSettings({})).toMatchObject({
      endpoint: "https://huggingface.co",
      token: null,
      offline: false,
    });
    const own = { HF_ENDPOINT: "http://mirror:8080/hub/", HF_TOKEN: " hf_x ", HF_HUB_OFFLINE: "1" };
    expect(readHubSettings(own)).toMatchObject({
      endpoint: "http://mirror:8080/hub",
      token: "hf_x",
      offline: true,
    });
  });

  it("refuses an endpoint that is no address or holds a password, without repeating it", () => {
    for (const endpoint of ["mirror", "ftp://mirror", "https://me:geheim@mirror"]) {
      expect(() => readHubSettings({ HF_ENDPOINT: endpoint })).toThrow(/Expected HF_ENDPOINT/);
      expect(() => readHubSettings({ HF_ENDPOINT: endpoint })).not.toThrow(/geheim/);
    }
  });
});
