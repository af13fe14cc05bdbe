import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createExclusive } from "../../src/platform/exclusive.ts";
import {
  explainFileError,
  readJson,
  writeFileAtomic,
  writeJson,
} from "../../src/platform/files.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-files-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("writeFileAtomic", () => {
  it("writes, replaces, makes folders, and leaves no other file", async () => {
    const path = join(folder, "a", "b.txt");
    await writeFileAtomic(path, "one");
    await writeFileAtomic(path, new Uint8Array([116, 119, 111]));
    expect(await readFile(path, "utf8")).toBe("two");
    expect(await readdir(join(folder, "a"))).toEqual(["b.txt"]);
  });

  it("cleans up and keeps the old content when the rename fails", async () => {
    // A folder with something in it cannot be replaced by a file.
    const path = join(folder, "taken");
    await mkdir(path);
    await writeFile(join(path, "inner"), "old");
    await expect(writeFileAtomic(path, "new")).rejects.toMatchObject({ syscall: "rename" });
    expect(await readdir(folder)).toEqual(["taken"]);
    expect(await readFile(join(path, "inner"), "utf8")).toBe("old");
  });

  it("writes side by side without mixing", async () => {
    const path = join(folder, "shared.txt");
    const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    expect(contents).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toEqual(["shared.txt"]);
  });
});

describe("explainFileError", () => {
  const failure = (code: string) => Object.assign(new Error("failed"), { code });

  it.each([
    ["ENOSPC", "The disk is full."],
    ["EDQUOT", "The disk quota is used up."],
    ["EROFS", "The file system is read-only."],
    ["EACCES", "Permission denied."],
    ["EPERM", "Operation not permitted."],
  ])("%s", (code, words) => {
    const thrown = failure(code);
    const explained = explainFileError(thrown, "/runs/a/b.bin");
    expect(explained).toMatchObject({ code: "E_DISK", cause: thrown });
    expect((explained as Error).message).toContain(`/runs/a/b.bin: ${words}`);
  });

  it("tells of a file that is in a folder's place", async () => {
    const path = join(folder, "file");
    await writeFile(path, "");
    for (const inside of [path, join(path, "inner")]) {
      const thrown: unknown = await mkdir(inside, { recursive: true }).catch(
        (error: unknown) => error,
      );
      expect(explainFileError(thrown, inside)).toMatchObject({
        code: "E_DISK",
        message: expect.stringContaining("A part of this path is a file, not a folder.") as string,
      });
    }
  });

  it("leaves what is no fault of the disk as it is", () => {
    const thrown = failure("ENOENT");
    expect(explainFileError(thrown, "x")).toBe(thrown);
    expect(explainFileError(null, "x")).toBeNull();
  });
});

describe("readJson", () => {
  it("returns what was written, and null where there is nothing", async () => {
    const path = join(folder, "a.json");
    expect(await readJson(path)).toBeNull();
    await writeJson(path, { b: [1, 2] });
    expect(await readJson(path)).toEqual({ b: [1, 2] });
    expect(await readFile(path, "utf8")).toBe('{\n  "b": [\n    1,\n    2\n  ]\n}\n');
  });

  it("names a file that is cut short", async () => {
    const path = join(folder, "a.json");
    await writeFile(path, '{"a": [1, 2');
    await expect(readJson(path)).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining(`Expected JSON in ${path}`) as string,
    });
  });
});

describe("createExclusive", () => {
  it("has one winner, with its whole content there at once", async () => {
    const path = join(folder, "claim");
    const created = await Promise.all(
      Array.from({ length: 20 }, (_, index) => createExclusive(path, String(index).repeat(1000))),
    );
    expect(created.filter(Boolean)).toHaveLength(1);
    expect(await readFile(path, "utf8")).toBe(String(created.indexOf(true)).repeat(1000));
    expect(await readdir(folder)).toEqual(["claim"]);
  });
});
