// That a rename is durable only after an fsync shows in no test that does not cut the power: the calls themselves are held
// against the order that they must have.
import type * as fs from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { writeFileOnce } from "../../src/platform/exclusive.ts";
import { writeFileAtomic } from "../../src/platform/files.ts";

const calls = vi.hoisted((): string[] => []);

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    async open(path: string, flags: string) {
      const handle = await real.open(path, flags);
      const sync = handle.sync.bind(handle);
      const kind = (await handle.stat()).isDirectory() ? "folder" : "file";
      handle.sync = async () => {
        calls.push(`sync ${kind}`);
        await sync();
      };
      return handle;
    },
    async rename(from: string, to: string) {
      calls.push("rename");
      await real.rename(from, to);
    },
    async link(from: string, to: string) {
      calls.push("link");
      await real.link(from, to);
    },
  };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-durable-"));
  calls.length = 0;
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("what is committed survives a power cut", () => {
  it("content before the name, the name before the answer: writeFileAtomic", async () => {
    await writeFileAtomic(join(folder, "a"), "content");
    expect(calls).toEqual(["sync file", "rename", "sync folder"]);
  });

  it("content before the name, the name before the answer: writeFileOnce", async () => {
    expect(await writeFileOnce(join(folder, "a"), Uint8Array.of(1))).toBe(true);
    expect(calls).toEqual(["sync file", "link", "sync folder"]);
    expect(await writeFileOnce(join(folder, "a"), Uint8Array.of(2))).toBe(false);
  });
});
