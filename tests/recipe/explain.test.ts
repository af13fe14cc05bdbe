import { describe, expect, it, vi } from "vitest";
import { explainText } from "../../src/cli/explain-text.ts";
import { explainRecipe } from "../../src/recipe/explain.ts";
import { fullJsonSchema } from "../../src/recipe/json-schema.ts";
import type { JsonSchema } from "../../src/recipe/expected.ts";
import { loadRecipe } from "../../src/recipe/load.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

const TEXT = `data: { source: texts.csv, labelled: { perClass: 5 } }
teacher: { kind: encoder-head, model: m }
student: { hidden: 64 }
`;

async function rows(text = TEXT) {
  return explainRecipe(await loadRecipe({ text, path: "a.yaml" }, { set: ["train.epochs=5"] }));
}

describe("explainRecipe", () => {
  it("says where each value comes from", async () => {
    const origins = Object.fromEntries((await rows()).map(({ key, origin }) => [key, origin]));
    expect(origins).toMatchObject({
      name: "default",
      "data.source": "recipe",
      "data.labelled.perClass": "recipe",
      "data.seed": "default",
      "teacher.kind": "recipe",
      "teacher.maxLength": "default",
      "student.0.kind": "default",
      "student.0.hidden": "recipe",
      "student.0.dropout": "default",
      "train.epochs": "--set",
      "train.loss.temperature": "default",
    });
    // the other way to say how many labels is no key of this recipe
    expect(origins).not.toHaveProperty(["data.labelled.count"]);
  });

  it("has a value and a reason for every key, plug-ins' options included", async () => {
    const all = await rows(
      TEXT.replace("{ hidden: 64 }", "[{ kind: bilstm }, { kind: transformer }]"),
    );
    expect(all.filter(({ reason }) => reason === "")).toEqual([]);
    expect(all.find(({ key }) => key === "student.1.layers")).toEqual({
      key: "student.1.layers",
      value: 2,
      origin: "default",
      reason: "layers of attention",
    });
  });

  it("shows an optimizer's own keys and no other's", async () => {
    const keysOf = async (optimizer: string) =>
      (await rows(`${TEXT}train: { optimizer: ${optimizer} }\n`))
        .filter(({ key }) => key.startsWith("train.optimizer"))
        .map(({ key, value, origin }) => [key.slice("train.optimizer.".length), value, origin]);
    expect(await keysOf("{ kind: adamw, beta2: 0.98 }")).toEqual([
      ["kind", "adamw", "recipe"],
      ["beta1", 0.9, "default"],
      ["beta2", 0.98, "recipe"],
      ["epsilon", 1e-8, "default"],
    ]);
    expect(await keysOf("{ kind: sgd }")).toEqual([
      ["kind", "sgd", "recipe"],
      ["momentum", 0.9, "default"],
      ["nesterov", false, "default"],
    ]);
  });

  it("is shown in columns, with reasons wrapped below themselves", async () => {
    const lines = explainText(await rows(), 120).split("\n");
    const column = lines[0]!.indexOf("names the run");
    expect(lines[0]!.slice(0, column)).toMatch(/^name +a +default +$/);
    expect(lines[1]!.slice(0, column).trim()).toBe("");
    expect(lines[1]!.charAt(column)).not.toBe(" ");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
  });
});

describe("fullJsonSchema", () => {
  it("knows the keys of training and of both optimizers", async () => {
    const { properties } = JSON.parse(JSON.stringify(await fullJsonSchema())) as {
      properties: Record<string, { properties: Record<string, JsonSchema> }>;
    };
    const { optimizer, schedule, accumulate, shards, device } = properties["train"]!.properties;
    expect(
      optimizer!.anyOf!.map((one) => [
        one.properties!["kind"]!.const,
        Object.keys(one.properties!),
        one.additionalProperties,
      ]),
    ).toEqual([
      ["adamw", ["kind", "beta1", "beta2", "epsilon"], false],
      ["sgd", ["kind", "momentum", "nesterov"], false],
    ]);
    expect([optimizer, schedule, accumulate, shards, device].map((key) => key!.default)).toEqual([
      { kind: "adamw" },
      "linear",
      1,
      "auto",
      "cpu",
    ]);
  });

  it("knows the options of every teacher and student, and closes them", async () => {
    const schema = JSON.parse(JSON.stringify(await fullJsonSchema())) as {
      $schema: string;
      additionalProperties: boolean;
      properties: Record<
        string,
        { anyOf: { properties: Record<string, unknown>; additionalProperties: boolean }[] }
      >;
    };
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(schema.additionalProperties).toBe(false);
    const [encoderHead] = schema.properties["teacher"]!.anyOf;
    expect(Object.keys(encoderHead!.properties)).toEqual([
      "kind",
      "calibrate",
      "model",
      "maxLength",
    ]);
    expect(encoderHead!.properties["kind"]).toMatchObject({ const: "encoder-head" });
    expect(encoderHead!.additionalProperties).toBe(false);
    const kinds = (
      schema.properties["student"]!.anyOf[0] as unknown as typeof encoderHead & {
        anyOf: { properties: Record<string, unknown> }[];
      }
    ).anyOf;
    expect(Object.keys(kinds[1]!.properties)).toEqual([
      "kind",
      "name",
      "embedding",
      "layers",
      "activation",
    ]);
  });
});
