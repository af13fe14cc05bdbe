import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBundle } from "../../src/bundle/open.ts";
import { publishBundle } from "../../src/bundle/write.ts";
import { packageRoot } from "../../src/platform/package-root.ts";
import { CLASSES, draftTiny } from "./tiny-student.ts";

let folder: string;
let whole: string;
let other: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-open-"));
  whole = join(folder, "whole");
  other = join(folder, "other");
  for (const [kind, target] of [
    ["bilstm", whole],
    ["transformer", other],
  ] as const) {
    const draft = await draftTiny(folder, kind);
    await publishBundle(draft.folder, target, {
      card: "# card\n",
      provenance: {},
      parity: draft.parity,
    });
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

type Change = (content: Buffer) => Buffer | string | Promise<Buffer | string>;
const half: Change = (content) => content.subarray(0, content.length / 2);
const json =
  (change: (value: Record<string, unknown>) => unknown): Change =>
  (content) =>
    JSON.stringify(change(JSON.parse(content.toString()) as Record<string, unknown>));

/** Opens a copy of the whole bundle with one file changed, or missing. */
async function openChanged(file: string, change: Change | null): Promise<unknown> {
  const copy = join(folder, "copy");
  await rm(copy, { recursive: true, force: true });
  await cp(whole, copy, { recursive: true });
  if (change === null) await rm(join(copy, file));
  else await writeFile(join(copy, file), await change(await readFile(join(copy, file))));
  const bundle = await openBundle(copy);
  try {
    return await bundle.classify(["a card"]);
  } finally {
    await bundle.close();
  }
}

describe("openBundle", () => {
  it("opens a bundle that was published", async () => {
    const bundle = await openBundle(whole, { threads: 2 });
    expect(bundle.labels).toEqual(CLASSES);
    expect(await bundle.classify(["my card"])).toHaveLength(1);
    await bundle.close();
  });

  it.each(["config.json", "tokenizer.json", "onnx/model.onnx"])(
    "names %s where it is missing",
    async (file) => {
      await expect(openChanged(file, null)).rejects.toMatchObject({
        code: "E_BUNDLE",
        message: expect.stringMatching(
          new RegExp(`${file}, got no such file. Export again`),
        ) as string,
      });
    },
  );

  it.each(["config.json", "tokenizer.json", "onnx/model.onnx"])(
    "names %s where it is cut short",
    async (file) => {
      await expect(openChanged(file, half)).rejects.toMatchObject({
        code: "E_BUNDLE",
        message: expect.stringMatching(
          new RegExp(`${file}, got .*cut short.* Export again`, "s"),
        ) as string,
      });
    },
  );

  it("names a model that does not parse, with no record of its size", async () => {
    const copy = join(folder, "bare");
    await cp(whole, copy, { recursive: true });
    await rm(join(copy, "limbeck.json"));
    await (await openBundle(copy)).close();
    await writeFile(join(copy, "onnx/model.onnx"), "no model at all");
    await expect(openBundle(copy)).rejects.toMatchObject({
      code: "E_BUNDLE",
      message: expect.stringContaining("a damaged file") as string,
    });
  });

  it.each<[string, string, Change, RegExp]>([
    [
      "another bundle's tokenizer",
      "tokenizer.json",
      json((value) => withOnePieceLess(value)),
      /another bundle/,
    ],
    ["another tokenizer", "tokenizer.json", json(() => ({ model: { type: "BPE" } })), /WordPiece/],
    [
      "another config",
      "config.json",
      json(() => ({ model_type: "gpt2" })),
      /another kind of config/,
    ],
    ["a config that is no object", "config.json", () => "null", /another kind of config/],
    [
      "a config with fewer classes",
      "config.json",
      json((value) => ({ ...value, id2label: { 0: "a" } })),
      /different bundles/,
    ],
    [
      "another bundle's model",
      "onnx/model.onnx",
      () => readFile(join(other, "onnx/model.onnx")),
      /another bundle/,
    ],
  ])("names %s", async (_, file, change, message) => {
    await expect(openChanged(file, change)).rejects.toMatchObject({
      code: "E_BUNDLE",
      message: expect.stringMatching(message) as string,
    });
  });

  it("names a model with other inputs", async () => {
    const copy = join(folder, "foreign");
    await cp(whole, copy, { recursive: true });
    await rm(join(copy, "limbeck.json"));
    await cp(
      join(packageRoot(), "teachers/minilm-l6-v2/onnx/model_quantized.onnx"),
      join(copy, "onnx/model.onnx"),
    );
    await expect(openBundle(copy)).rejects.toMatchObject({
      code: "E_BUNDLE",
      message: expect.stringMatching(
        /from input_ids and attention_mask to logits .* got one from/s,
      ) as string,
    });
  });

  it("says what a bundle is where the folder is none", async () => {
    const missing = expect(openBundle(join(folder, "nowhere"))).rejects;
    await missing.toMatchObject({
      code: "E_BUNDLE",
      message: expect.stringContaining("no such folder") as string,
    });
    const file = expect(openBundle(join(whole, "config.json"))).rejects;
    await file.toMatchObject({
      code: "E_BUNDLE",
      message: expect.stringContaining("got a file") as string,
    });
  });
});

function withOnePieceLess(tokenizer: Record<string, unknown>): unknown {
  const model = tokenizer["model"] as { vocab: Record<string, number> };
  const pieces = Object.entries(model.vocab).sort(([, a], [, b]) => a - b);
  return { ...tokenizer, model: { ...model, vocab: Object.fromEntries(pieces.slice(0, -1)) } };
}

describe("publishBundle", () => {
  it("takes the place of an older bundle as a whole", async () => {
    const target = join(folder, "replaced");
    await mkdir(target);
    await writeFile(join(target, "left-over.txt"), "old");
    const draft = await draftTiny(folder, "bilstm");
    await publishBundle(draft.folder, target, {
      card: "# new\n",
      provenance: { a: 1 },
      parity: draft.parity,
    });
    await expect(readFile(join(target, "left-over.txt"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readFile(join(target, "README.md"), "utf8")).toBe("# new\n");
    const { files, ...provenance } = JSON.parse(
      await readFile(join(target, "limbeck.json"), "utf8"),
    ) as {
      files: Record<string, { bytes: number }>;
    };
    expect(provenance).toEqual({ schema: "limbeck.bundle/1", a: 1 });
    expect(files["onnx/model.onnx"]!.bytes).toBe(draft.bytes.onnx);
  });
});
