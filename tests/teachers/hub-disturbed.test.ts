import { mkdir, readdir, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ProgressEvent } from "../../src/types.ts";
import { errorOf, expectWhole, hub, NAME, resolve, snapshot } from "./hub-helpers.ts";
import { ONNX, smallFiles } from "./hub-server.ts";

describe("a download that is disturbed", () => {
  it.each(["half", "reset", 500, 429] as const)(
    "goes on after %s where it stopped",
    async (kind) => {
      hub.add(NAME);
      hub.faults.push({ on: "/revision/", kind: kind === "half" ? "not-json" : kind });
      hub.faults.push({ on: "?signature", kind }, { on: "?signature", kind });
      await expectWhole((await resolve()).path);
      const ranges = hub.requests.map(({ range }) => range);
      // Two faults, and each request is one to the hub and one to the store.
      expect(hub.paths("store")).toHaveLength(4);
      if (kind === "half") expect(ranges.some((range) => range !== undefined)).toBe(true);
    },
  );

  it("waits as long as Retry-After says", async () => {
    hub.add(NAME);
    hub.faults.push({ on: "config.json", kind: 429, headers: { "retry-after": "1" } });
    const started = performance.now();
    await resolve();
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  it("goes on with the part that a killed process has left", async () => {
    hub.add(NAME);
    const part = join(snapshot(), `${ONNX}.part`);
    await mkdir(dirname(part), { recursive: true });
    await writeFile(part, smallFiles().get(ONNX)!.subarray(0, 2_000_000));
    await expectWhole((await resolve()).path);
    const asked = hub.requests.filter(({ host, path }) => host === "store" && path.includes(ONNX));
    expect(asked.map(({ range }) => range)).toEqual(["bytes=2000000-"]);
  });

  it.each(["no-range", "other-range", 416] as const)(
    "starts over where the server answers %s to the rest",
    async (kind) => {
      hub.add(NAME);
      const part = join(snapshot(), `${ONNX}.part`);
      await mkdir(dirname(part), { recursive: true });
      await writeFile(part, smallFiles().get(ONNX)!.subarray(0, 1000));
      hub.faults.push({ on: `${ONNX}?signature`, kind });
      await expectWhole((await resolve()).path);
    },
  );

  it.each([10, 3_000_000, 4_000_000])(
    "finds a foreign part of %i bytes out by its hash and starts over",
    async (bytes) => {
      hub.add(NAME);
      const part = join(snapshot(), `${ONNX}.part`);
      await mkdir(dirname(part), { recursive: true });
      await writeFile(part, Buffer.alloc(bytes, 7));
      await expectWhole((await resolve()).path);
    },
  );

  it("keeps no file of wrong content, and says which", async () => {
    hub.add(NAME);
    hub.faults.push({ on: `${ONNX}?signature`, kind: "corrupt" });
    const { code, message } = await errorOf();
    expect(code).toBe("E_TEACHER");
    expect(message).toContain(`of ${ONNX} of the model ${NAME}`);
    expect(message).toContain("deleted");
    expect(await readdir(join(snapshot(), "onnx"))).toEqual([]);
    await expectWhole((await resolve()).path);
  });

  it("fetches a file again that was cut short on the disk", async () => {
    hub.add(NAME);
    await resolve();
    await truncate(join(snapshot(), ONNX), 1000);
    expect((await errorOf({ place: { download: false } })).message).toContain("--download");
    await expectWhole((await resolve()).path);
  });

  it("gives up a server that hangs, after five tries, naming it", async () => {
    hub.add(NAME);
    for (let count = 0; count < 5; count += 1) hub.faults.push({ on: "/revision/", kind: "hang" });
    const { code, message } = await errorOf({ settings: { idleMilliseconds: 50 } });
    expect(code).toBe("E_TEACHER");
    expect(message).toMatch(/to answer for the model .*nothing sent for/);
    expect(hub.requests).toHaveLength(5);
  });

  it("stops at the signal, keeps what has come, and lets go of its lock", async () => {
    hub.add(NAME);
    hub.slow = { bytes: 200_000, milliseconds: 20 };
    const stop = new AbortController();
    const report = (event: ProgressEvent) => {
      if (event.kind === "progress" && event.done > 2) stop.abort();
    };
    const place = { signal: stop.signal, report };
    expect(await errorOf({ place })).toMatchObject({ code: "E_ABORTED" });
    const { size } = await stat(join(snapshot(), `${ONNX}.part`));
    expect(size).toBeGreaterThan(1_000_000);
    hub.slow = null;
    await expectWhole((await resolve()).path);
    expect(hub.requests.at(-1)?.range ?? "").toMatch(/^bytes=\d+-$/);
  });

  it("is done once by two that want it at the same time", async () => {
    hub.add(NAME);
    hub.slow = { bytes: 400_000, milliseconds: 40 };
    const notes: string[] = [];
    const report = (event: ProgressEvent) => {
      if (event.kind === "note") notes.push(event.message);
    };
    const found = await Promise.all([
      resolve({ place: { report } }),
      resolve({ place: { report } }),
    ]);
    expect(found[0]).toEqual(found[1]);
    await expectWhole(found[0].path);
    expect(hub.paths("store")).toHaveLength(2);
    expect(notes).toContainEqual(expect.stringContaining("waiting for it"));
  });
});
