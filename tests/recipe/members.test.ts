import { describe, expect, it, vi } from "vitest";
import { fullJsonSchema } from "../../src/recipe/json-schema.ts";
import { loadRecipe } from "../../src/recipe/load.ts";
import { ensembleOptions } from "../../teachers/ensemble/options.ts";

vi.mock("../../src/registry.ts", async () => {
  const fake = await import("./fake-registry.ts");
  const ensemble = () => Promise.resolve({ options: ensembleOptions });
  return { ...fake, teachers: { ...fake.teachers, ensemble } };
});

const load = (teacher: string) =>
  loadRecipe({ text: `data: { source: x.csv }\nteacher:\n${teacher}`, path: "/somewhere/r.yaml" });
const failure = async (teacher: string) =>
  await load(teacher).then(
    () => "no error",
    (thrown: unknown) => (thrown as Error).message.replaceAll("/somewhere/", ""),
  );

describe("a teacher's members", () => {
  it("have the defaults of their kinds, at any depth", async () => {
    const { recipe } = await load(`  kind: ensemble
  calibrate: temperature
  members:
    - { kind: encoder-head, model: m, weight: 2 }
    - kind: ensemble
      members: [{ kind: encoder-head, model: n, maxLength: 9 }, { kind: zero-shot }]
`);
    expect(recipe.teacher).toEqual({
      kind: "ensemble",
      calibrate: "temperature",
      weights: "given",
      members: [
        { kind: "encoder-head", model: "m", weight: 2, maxLength: 128 },
        {
          kind: "ensemble",
          weights: "given",
          members: [{ kind: "encoder-head", model: "n", maxLength: 9 }, { kind: "zero-shot" }],
        },
      ],
    });
  });

  it("are held against their kinds, each at its own place", async () => {
    const message = await failure(`  kind: ensemble
  members:
    - { kind: encoder-head, model: m, maxLenght: 9 }
    - kind: ensemble
      members:
        - { kind: zero-shot, weight: -1 }
        - kind: encoder-head
          model: 7
`);
    expect(message).toContain('r.yaml:5:39: Expected a key of teacher.members.0, got "maxLenght"');
    expect(message).toContain('Did you mean "maxLength"?');
    expect(message).toContain(
      "r.yaml:8:38: Expected teacher.members.1.members.0.weight to be a number above 0, got -1.",
    );
    expect(message).toContain(
      "r.yaml:10:18: Expected teacher.members.1.members.1.model to be text, got 7.",
    );
  });

  it("are of a known kind, and more than one", async () => {
    expect(
      await failure("  kind: ensemble\n  members: [{ kind: zero-short }, { kind: zero-shot }]\n"),
    ).toMatch(
      /r\.yaml:4:21: Expected teacher\.members\.0\.kind to be a name in teachers\/ .*, got "zero-short"\. Did you mean "zero-shot"\?/,
    );
    expect(await failure("  kind: ensemble\n  members: [{ kind: zero-shot }]\n")).toMatch(
      /r\.yaml:4:12: Expected two members or more, got 1/,
    );
  });

  it("are not calibrated one by one", async () => {
    const members = "[{ kind: zero-shot, calibrate: temperature }, { kind: zero-shot }]";
    expect(await failure(`  kind: ensemble\n  members: ${members}\n`)).toContain(
      'Expected a key of teacher.members.0, got "calibrate"',
    );
  });

  it("are described to editors", async () => {
    const schema = JSON.stringify(await fullJsonSchema());
    // The teacher itself, and members of members of members.
    expect(schema.split('"const":"zero-shot"').length - 1).toBe(5);
  });
});
