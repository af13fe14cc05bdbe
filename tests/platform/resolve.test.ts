import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/platform/package-root.ts";
import { recipePathCandidates, resolveRecipePath } from "../../src/platform/resolve.ts";

const folder = mkdtempSync(join(tmpdir(), "limbeck-resolve-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("packageRoot", () => {
  it("is the folder that holds our package.json", () => {
    expect(existsSync(join(packageRoot(), "src/platform/package-root.ts"))).toBe(true);
  });
});

describe("resolveRecipePath", () => {
  it("looks beside the recipe first, then in the working directory, then in the package", () => {
    expect(resolveRecipePath("package.json", folder)).toBe(join(process.cwd(), "package.json"));
    writeFileSync(join(folder, "package.json"), "{}");
    expect(resolveRecipePath("package.json", folder)).toBe(join(folder, "package.json"));
    mkdirSync(join(folder, "datasets"));
    expect(resolveRecipePath("datasets/banking77/train.tsv", folder)).toBe(
      join(packageRoot(), "datasets/banking77/train.tsv"),
    );
  });

  it("takes absolute paths as they are, and names the place beside the recipe where nothing is there", () => {
    expect(recipePathCandidates("/nowhere/at.all", folder)).toEqual(["/nowhere/at.all"]);
    expect(resolveRecipePath("no/such/file", folder)).toBe(join(folder, "no/such/file"));
    expect(resolveRecipePath("no/such/file", null)).toBe(join(process.cwd(), "no/such/file"));
  });
});
