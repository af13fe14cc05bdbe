import { existsSync } from "node:fs";
import {
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineError } from "../../../src/engine/errors.ts";
import type { ParameterSpec, Program, StateDict } from "../../../src/engine/index.ts";
import { encodeSafetensors } from "../../../src/engine/safetensors.ts";
import { readBertWeights } from "../../../src/engine/weights/read-bert-weights.ts";
import { student as transformer } from "../../../students/transformer.ts";
import { studentProgram, TABLE } from "../programs.ts";

// Written by tests/fixtures/generators/engine_bert.py with safetensors and onnx; all hold the same numbers.
const folder = fileURLToPath(new URL("../../fixtures/engine/bert/", import.meta.url));
const expected = JSON.parse(await readFile(join(folder, "expected.json"), "utf8")) as Record<
  string,
  { shape: number[]; data: number[] }
>;
const POSITIONS = "embeddings.position_embeddings.weight";
const CASES = ["old-names.safetensors", "model.safetensors.index.json", "exported.onnx"];

interface Sizes {
  layers?: number;
  intermediate?: number;
  maxLength?: number;
  rows?: number;
}

/** Our transformer in the fixture's sizes, or others. */
function program({ layers = 2, intermediate = 8, maxLength = 9, rows = 6 }: Sizes = {}): Program {
  const sizes = { rows, embedding: 4, classes: 3, maxLength };
  return studentProgram(transformer, { layers, heads: 2, intermediate }, sizes);
}

function withParameter(base: Program, parameter: Omit<ParameterSpec, "initializer">): Program {
  const spec = { ...parameter, initializer: { kind: "zeros" as const } };
  return { ...base, parameters: [...base.parameters, spec] };
}

function expectNumbers(weights: StateDict, names: readonly string[]): void {
  expect(Object.keys(weights).sort()).toEqual([...names].sort());
  for (const name of names) {
    expect(weights[name]!.shape, name).toEqual(expected[name]!.shape);
    expect([...weights[name]!.data], name).toEqual(expected[name]!.data);
  }
}

const encoder = Object.keys(expected).filter((name) => !name.startsWith("pooler."));

describe("readBertWeights", () => {
  it.each(CASES)("gives the numbers of %s under the student's names", async (file) => {
    const { weights } = await readBertWeights(join(folder, file), { program: program() });
    expectNumbers(weights, encoder);
  });

  it("lists what it has no place for, by the file's names; pooler and position ids are no news", async () => {
    const unusedOf = async (file: string, sizes?: Sizes) =>
      (await readBertWeights(join(folder, file), { program: program(sizes) })).unused;
    expect((await unusedOf("old-names.safetensors")).sort()).toEqual([
      "cls.predictions.bias",
      "cls.predictions.transform.LayerNorm.gamma",
    ]);
    expect(await unusedOf("model.safetensors.index.json")).toEqual([]);
    expect(await unusedOf("exported.onnx")).toEqual(["onnx::MatMul_7"]);
    // A student of the first layer only: the second is left over, with its sixteen tensors.
    const left = await unusedOf("old-names.safetensors", { layers: 1 });
    expect(left.filter((name) => name.startsWith("bert.encoder.layer.1.")).length).toBe(16);
  });

  it("cuts a position table that is longer than the student's", async () => {
    const path = join(folder, "exported.onnx");
    const { weights } = await readBertWeights(path, { program: program({ maxLength: 3 }) });
    const { shape, data } = weights[POSITIONS]!;
    expect(shape).toEqual([3, 4]);
    expect([...data]).toEqual(expected[POSITIONS]!.data.slice(0, 12));
    // An array of its own, not a view that keeps the longer one.
    expect(data.buffer.byteLength).toBe(12 * 4);
  });

  it("reads the pooler where the program has one", async () => {
    const pooled = withParameter(
      withParameter(program(), { name: "pooler.dense.weight", shape: [4, 4] }),
      { name: "pooler.dense.bias", shape: [4] },
    );
    for (const file of CASES) {
      const { weights } = await readBertWeights(join(folder, file), { program: pooled });
      expectNumbers(weights, Object.keys(expected));
    }
  });

  it("leaves fresh parameters out, whatever the file has", async () => {
    const fresh = ["classifier.", "encoder.layer.1."];
    const path = join(folder, "old-names.safetensors");
    const { weights, unused } = await readBertWeights(path, { program: program(), fresh });
    expectNumbers(
      weights,
      encoder.filter((name) => !name.startsWith("encoder.layer.1.")),
    );
    expect(unused).toContain("bert.encoder.layer.1.output.dense.bias");
  });

  it.each<[string, Sizes, string, string]>([
    [
      "E_NAME",
      { layers: 3 },
      "Expected a tensor for encoder.layer.2.attention.self.query.weight [4, 4] (and for 15 parameters more), got none in",
      "Near names: bert.encoder.layer.",
    ],
    [
      "E_SHAPE",
      { intermediate: 6 },
      "Expected a tensor [6, 4] for encoder.layer.0.intermediate.dense.weight, got bert.encoder.layer.0.intermediate.dense.weight [8, 4] in",
      "Give the student the encoder's sizes.",
    ],
    [
      "E_SHAPE",
      { maxLength: 10 },
      `Expected a tensor [10, 4] or more rows for ${POSITIONS}, got bert.${POSITIONS} [9, 4] in`,
      "old-names.safetensors",
    ],
    [
      "E_SHAPE",
      { rows: 5 },
      `Expected a tensor [5, 4] for ${TABLE}, got bert.${TABLE} [6, 4] in`,
      "old-names.safetensors",
    ],
  ])("names what does not fit (%s, %j)", async (code, sizes, message, hint) => {
    const path = join(folder, "old-names.safetensors");
    const error = await readBertWeights(path, { program: program(sizes) }).catch(
      (thrown: unknown) => thrown as EngineError,
    );
    expect(error).toMatchObject({ code });
    expect((error as EngineError).message).toContain(message);
    expect((error as EngineError).message).toContain(hint);
  });
});

describe("readBertWeights, damaged files", () => {
  let temporary: string;
  const at = (file: string): string => join(temporary, file);
  const read = (file: string) => readBertWeights(at(file), { program: program() });

  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), "bert-weights-"));
    const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    for (const file of [...shards, "old-names.safetensors"])
      await copyFile(join(folder, file), at(file));
  });
  afterAll(() => rm(temporary, { recursive: true }));

  async function writeIndex(change: (weightMap: Record<string, unknown>) => void): Promise<void> {
    const index = JSON.parse(
      await readFile(join(folder, "model.safetensors.index.json"), "utf8"),
    ) as { weight_map: Record<string, unknown> };
    change(index.weight_map);
    await writeFile(at("model.safetensors.index.json"), JSON.stringify(index));
  }

  it("refuses a truncated file before it reads any data, at its header and shorter still", async () => {
    const whole = await readFile(join(folder, "old-names.safetensors"));
    for (const [size, message] of [
      [whole.length - 1, "(the file is truncated or the offset is wrong) in"],
      [100, "got only 92 (the file is truncated) in"],
      [5, "Expected a safetensors file of at least 8 bytes, got 5 bytes in"],
      [0, "got 0 bytes in"],
    ] as const) {
      await writeFile(at("cut.safetensors"), whole);
      await truncate(at("cut.safetensors"), size);
      await expect(read("cut.safetensors")).rejects.toThrow(message);
    }
  });

  it("refuses two tensors for one parameter", async () => {
    const one = { shape: [1], data: Float32Array.of(1) };
    const tensors = { "embeddings.LayerNorm.bias": one, "bert.embeddings.LayerNorm.beta": one };
    await writeFile(at("twice.safetensors"), encodeSafetensors(tensors));
    await expect(read("twice.safetensors")).rejects.toThrow(
      "Expected one tensor for embeddings.LayerNorm.bias, got bert.embeddings.LayerNorm.beta and embeddings.LayerNorm.bias in",
    );
  });

  it("refuses integers where floats are wanted, and says which", async () => {
    const bytes = await readFile(join(folder, "old-names.safetensors"));
    const header = bytes
      .toString("latin1")
      .replace(/("bert\.embeddings\.LayerNorm\.beta":\{"dtype":)"F32"/, '$1"I32"');
    await writeFile(at("integers.safetensors"), Buffer.from(header, "latin1"));
    await expect(read("integers.safetensors")).rejects.toThrow(
      'Expected tensor bert.embeddings.LayerNorm.beta of dtype F32, F16 or BF16, got "I32" in',
    );
  });

  it("refuses another ending, and shows a missing file as the system does", async () => {
    await expect(read("pytorch_model.bin")).rejects.toThrow(
      "Expected a file .safetensors, .safetensors.index.json or .onnx, got pytorch_model.bin.",
    );
    await expect(read("nowhere.safetensors")).rejects.toThrow("ENOENT");
  });

  it.each<[string, unknown, string]>([
    [
      "that its shard lacks",
      "model-00001-of-00002.safetensors",
      "Expected tensor encoder.layer.1.output.dense.bias in model-00001-of-00002.safetensors, got none in",
    ],
    [
      "in another folder",
      "../model.safetensors",
      'Expected the name of a file beside the index for tensor encoder.layer.1.output.dense.bias, got "../model.safetensors" in',
    ],
    ["in no file", 3, "got 3 in"],
    ["in a file that is not there", "model-00003-of-00002.safetensors", "ENOENT"],
  ])("refuses an index with a tensor %s", async (_what, file, message) => {
    await writeIndex((places) => {
      places["encoder.layer.1.output.dense.bias"] = file;
    });
    await expect(read("model.safetensors.index.json")).rejects.toThrow(message);
  });

  it("refuses an index that is none", async () => {
    for (const [json, message] of [
      ["{", "Expected JSON, got what cannot be parsed"],
      ["null", "Expected a weight_map from tensors to files, got none in"],
      ['{"weight_map": []}', "Expected a weight_map from tensors to files, got [] in"],
    ] as const) {
      await writeFile(at("broken.safetensors.index.json"), json);
      await expect(read("broken.safetensors.index.json")).rejects.toThrow(message);
    }
  });

  // Only Linux shows a process its open files as a folder.
  it.runIf(existsSync("/proc/self/fd"))("leaves no file open, read or refused", async () => {
    await writeIndex(() => undefined);
    await read("model.safetensors.index.json");
    await read("old-names.safetensors");
    await expect(read("cut.safetensors")).rejects.toThrow(EngineError);
    await writeIndex((places) => {
      places["last"] = "cut.safetensors";
    });
    await expect(read("model.safetensors.index.json")).rejects.toThrow(EngineError);
    const open = await Promise.all(
      (await readdir("/proc/self/fd")).map((file) =>
        readlink(`/proc/self/fd/${file}`).catch(() => ""),
      ),
    );
    expect(open.filter((file) => file.startsWith(temporary))).toEqual([]);
  });
});
