import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ProgressEvent } from "../../src/types.ts";
import { safetensorsFiles } from "../../teachers/transformers/hub/wanted-files.ts";
import { errorOf, expectWhole, hub, modelsFolder, NAME, resolve, snapshot } from "./hub-helpers.ts";
import { COMMIT, ONNX, smallFiles } from "./hub-server.ts";

describe("a model of the hub", () => {
  it("is downloaded once, by its commit, and found again without a request", async () => {
    hub.add(NAME);
    const events: ProgressEvent[] = [];
    const report = (event: ProgressEvent) => void events.push(event);
    const found = await resolve({ place: { report } });
    expect(found).toEqual({ path: snapshot(), source: `${NAME}@${COMMIT}` });
    await expectWhole(found.path);
    expect(hub.paths("hub").at(0)).toBe(`/api/models/${NAME}/revision/main?blobs=true`);
    expect(events).toContainEqual(expect.objectContaining({ kind: "note" }));
    // 3,000,000 + 466,247 + 612 + 350 + 112 bytes.
    const megabytes = { kind: "progress", done: 3.5, total: 3.5, unit: "MB" };
    expect(events.at(-1)).toMatchObject(megabytes);
    const asked = hub.requests.length;
    await hub.stop();
    expect(await resolve({ place: { download: false } })).toEqual(found);
    expect(hub.requests.length).toBe(asked);
  });

  it("goes by a branch with a slash, a tag or a commit; a branch that moves on changes nothing here", async () => {
    const model = hub.add(NAME, { refs: ["main", "refs/pr/1", "v1.0"] });
    for (const revision of ["refs/pr/1", "v1.0", COMMIT])
      expect((await resolve({ model: `${NAME}@${revision}` })).path).toBe(snapshot());
    expect(hub.paths("hub")[0]).toContain("/revision/refs%2Fpr%2F1?");
    expect(hub.paths("store")).toHaveLength(2); // onnx and tokenizer.json, once each
    model.commit = "f".repeat(40);
    expect((await resolve({ model: `${NAME}@v1.0` })).path).toBe(snapshot());
    const { source } = await resolve({ model: NAME });
    expect(source).toBe(`${NAME}@${"f".repeat(40)}`);
  });

  it("is not touched where a folder of that path is there", async () => {
    hub.add(NAME);
    const folder = join(modelsFolder, "own");
    await mkdir(folder);
    const found = await resolve({ place: { resolve: () => folder } });
    expect(found).toEqual({ path: folder, source: null });
    expect(hub.requests).toEqual([]);
  });

  it("sends the token to the hub and to nobody else, and needs it for a gated model", async () => {
    hub.add(NAME, { token: "hf_secret" });
    const { path } = await resolve({ settings: { token: "hf_secret" } });
    await expectWhole(path);
    const [own, others] = ["hub", "store"].map((host) =>
      hub.requests.filter((one) => one.host === host),
    );
    expect(own!.every(({ token }) => token === "hf_secret")).toBe(true);
    expect(others!.map(({ token }) => token)).toEqual([undefined, undefined]);
    const written = await readdir(modelsFolder, { recursive: true, withFileTypes: true });
    for (const entry of written.filter((one) => one.isFile()))
      expect(await readFile(join(entry.parentPath, entry.name), "latin1")).not.toContain(
        "hf_secret",
      );
  });

  it("is checked by the headers where the listing says neither sizes nor hashes", async () => {
    hub.add(NAME);
    hub.saysBlobs = false;
    hub.faults.push({ on: ONNX, kind: 503 }, { on: "signature", kind: "corrupt" });
    expect((await errorOf()).message).toMatch(/Expected the SHA-256 [0-9a-f]{64} of /);
    hub.faults.push({ on: "/cache/", kind: "corrupt" });
    expect((await errorOf()).message).toMatch(
      /Expected the Git hash [0-9a-f]{40} of .*config\.json/,
    );
    await expectWhole((await resolve()).path);
  });

  it("has as safetensors one file or all shards, in a listing that may name files outside", async () => {
    const files = smallFiles();
    files.delete(ONNX);
    const shard = (at: number) => `model-0000${at}-of-00002.safetensors`;
    for (const file of [shard(1), shard(2), "model.safetensors.index.json", "../evil.json"])
      files.set(file, Buffer.from(file));
    hub.add(NAME, { files });
    const { path } = await resolve({ files: safetensorsFiles() });
    expect((await readdir(path)).sort()).toEqual(
      [...files.keys()].filter((file) => !file.startsWith("..")).sort(),
    );
    expect(existsSync(join(dirname(path), "evil.json"))).toBe(false);
  });
});
