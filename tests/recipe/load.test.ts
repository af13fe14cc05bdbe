import { describe, expect, it, vi } from "vitest";
import { LimbeckError } from "../../src/errors.ts";
import { loadRecipe, recipeFrom } from "../../src/recipe/load.ts";
import { resolvedYaml } from "../../src/recipe/resolved.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

const MINIMAL = `data:
  source: texts.csv
teacher:
  kind: encoder-head
  model: teachers/some
`;

async function load(text: string, set?: string[]) {
  return await loadRecipe({ text, path: "/somewhere/my texts.yaml" }, { set });
}

/** The message of the error that loading ends with, without the folder. */
async function failure(text: string, set?: string[]): Promise<string> {
  const thrown: unknown = await load(text, set).then(
    () => new Error("no error was thrown"),
    (error: unknown) => error,
  );
  if (!(thrown instanceof LimbeckError)) throw thrown;
  return thrown.message.replaceAll("/somewhere/my texts.yaml", "r.yaml");
}

describe("loadRecipe: what is filled in", () => {
  it("writes out every default of a minimal recipe", async () => {
    const { recipe, folder, path } = await load(MINIMAL);
    expect(recipe).toEqual({
      name: "my-texts",
      task: "classification",
      data: {
        source: "texts.csv",
        columns: {},
        labelled: "all",
        testShare: 0.2,
        validationShare: 0.05,
        maxCharacters: 10_000,
        seed: 0,
      },
      teacher: {
        kind: "encoder-head",
        calibrate: "none",
        model: "teachers/some",
        maxLength: 128,
      },
      student: [
        {
          kind: "bilstm",
          name: "bilstm",
          embedding: { size: 128, init: "teacher" },
          hidden: 128,
          dropout: 0.1,
        },
      ],
      train: {
        loss: { kind: "hinton", temperature: 2, alpha: 0 },
        epochs: 20,
        batch: 64,
        accumulate: 1,
        optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learningRate: 0.002,
        schedule: "linear",
        warmup: 0.1,
        weightDecay: 0.01,
        clipNorm: 1,
        patience: 5,
        maxLength: 128,
        seeds: [0, 1, 2],
        workers: "auto",
        shards: "auto",
        device: "cpu",
      },
      controls: ["hard-label", "linear", "majority"],
      evaluate: { resamples: 10_000, confidence: 0.95, seed: 0 },
      export: { formats: ["onnx"], tolerance: 1e-4 },
    });
    expect(folder).toBe("/somewhere");
    expect(path).toBe("/somewhere/my texts.yaml");
  });

  it("gives the same recipe when the resolved one is read again", async () => {
    const { recipe } = await load(`${MINIMAL}train: { seeds: [7, 3] }\n`);
    expect(recipe.train.seeds).toEqual([7, 3]);
    const again = await load(resolvedYaml(recipe));
    expect(again.recipe).toEqual(recipe);
  });

  it("takes a recipe that is an object", async () => {
    const recipe = await recipeFrom({
      data: { source: "texts.csv" },
      teacher: { kind: "encoder-head", model: "m" },
    });
    expect(recipe.name).toBe("recipe");
    expect(recipe.student[0]?.["hidden"]).toBe(128);
  });

  it("names each student of a list by its kind, or as it says", async () => {
    const { recipe } = await load(
      `${MINIMAL}student:\n  - kind: bilstm\n  - { kind: transformer, name: small, layers: 1 }\n`,
    );
    expect(recipe.student.map(({ name }) => name)).toEqual(["bilstm", "small"]);
    expect(recipe.student[1]).toMatchObject({ layers: 1, activation: "gelu" });
  });
});

describe("loadRecipe: what is wrong with keys", () => {
  it("points at a misspelt key and suggests the nearest", async () => {
    expect(await failure(`${MINIMAL}train:\n  epohcs: 5\n`)).toBe(
      [
        'r.yaml:7:3: Expected a key of train, got "epohcs". Did you mean "epochs"?',
        "     7 |   epohcs: 5",
        "       |   ^^^^^^",
      ].join("\n"),
    );
  });

  it("lists the keys where none is near", async () => {
    expect(await failure(`${MINIMAL}export: { colour: red }\n`)).toBe(
      [
        'r.yaml:6:11: Expected a key of export, got "colour". Known keys: formats, tolerance.',
        "     6 | export: { colour: red }",
        "       |           ^^^^^^",
      ].join("\n"),
    );
  });

  it("knows a plug-in's own keys, and those that all students share", async () => {
    expect(await failure(`${MINIMAL}student: { kind: bilstm, hiden: 64 }\n`)).toContain(
      'r.yaml:6:26: Expected a key of student, got "hiden". Did you mean "hidden"?',
    );
    expect(
      await failure(`${MINIMAL}student:\n  - kind: transformer\n    embeding: {}\n`),
    ).toContain(
      'r.yaml:8:5: Expected a key of student.0, got "embeding". Did you mean "embedding"?',
    );
    // hidden belongs to bilstm only
    expect(await failure(`${MINIMAL}student: { kind: transformer, hidden: 64 }\n`)).toContain(
      'Expected a key of student, got "hidden". Known keys: kind, name, embedding, layers, activation.',
    );
  });

  it("says which key is missing, and what belongs there", async () => {
    expect(await failure("data:\n  source: a.csv\n")).toBe(
      [
        "r.yaml:1:1: Expected the key teacher, got none. Add teacher: the large model that labels the " +
          "transfer set (a mapping with kind).",
        "     1 | data:",
        "       | ^",
      ].join("\n"),
    );
    expect(await failure("data:\n  source: a.csv\nteacher:\n  kind: encoder-head\n")).toContain(
      "r.yaml:3:1: Expected the key model in teacher, got none. Add model: folder of the encoder (text).",
    );
  });

  it("takes a missing key and its misspelling for one mistake", async () => {
    const message = await failure(MINIMAL.replace("model:", "modle:"));
    expect(message.split("\n")[0]).toBe(
      'r.yaml:5:3: Expected a key of teacher, got "modle". Did you mean "model"?',
    );
    expect(message.split("\n")).toHaveLength(3);
  });

  it("refuses a key that would reach an object's prototype", async () => {
    expect(await failure(`${MINIMAL}__proto__: { polluted: 1 }\n`)).toContain('got "__proto__"');
    expect(await failure(MINIMAL, ["__proto__.polluted=1"])).toContain('got "__proto__"');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("shows several mistakes together, in the order of the file", async () => {
    const message = await failure(
      `nmae: x\n${MINIMAL}student: { hidden: many }\ntrain: { epochs: 0 }\ncontrols: [linea]\n`,
    );
    expect(message.split("\n").filter((line) => line.startsWith("r.yaml"))).toEqual([
      'r.yaml:1:1: Expected a key of the recipe, got "nmae". Did you mean "name"?',
      'r.yaml:7:20: Expected student.hidden to be a whole number, 1 or more, got "many".',
      "r.yaml:8:18: Expected train.epochs to be a whole number, 1 or more, got 0.",
      'r.yaml:9:12: Expected controls.0 to be one of hard-label, linear, majority, got "linea". Did you mean "linear"?',
    ]);
  });
});

describe("loadRecipe: what is wrong with values", () => {
  it.each([
    [
      "train: { epochs: '5' }",
      'Expected train.epochs to be a whole number, 1 or more, got "5". Remove the quotes.',
    ],
    ["train: { epochs: 2.5 }", "Expected train.epochs to be a whole number, 1 or more, got 2.5."],
    ["train: { warmup: 1.5 }", "Expected train.warmup to be a number from 0 to 1, got 1.5."],
    ["train: { learningRate: 0 }", "Expected train.learningRate to be a number above 0, got 0."],
    [
      "train: { seeds: three }",
      'Expected train.seeds to be a whole number, 1 or more, or a list of a whole number, 0 or more, got "three".',
    ],
    [
      "train: { seeds: [0, 1.5] }",
      "Expected train.seeds.1 to be a whole number, 0 or more, got 1.5.",
    ],
    [
      "train:",
      "Expected train to be a mapping with loss, epochs, batch, accumulate, optimizer, learningRate, schedule, warmup, " +
        "weightDecay, clipNorm, patience, maxLength, seeds, workers, shards, device, got nothing. Write a value after the colon, or remove the key: its default is {}.",
    ],
    ["train: { workers: autp }", 'Did you mean "auto"?'],
    [
      "train: { shards: 0 }",
      "Expected train.shards to be auto, or a whole number, 1 or more, got 0.\n",
    ],
    [
      "train: { device: gpu }",
      'Expected train.device to be one of cpu, webgpu, cuda, tfjs-node, tfjs-node-gpu, auto, got "gpu".',
    ],
    ["train: { schedule: cosin }", 'Did you mean "cosine"?'],
    [
      "train: { optimizer: { kind: sgdd } }",
      'r.yaml:6:29: Expected train.optimizer.kind to be adamw or sgd, got "sgdd". Did you mean "sgd"?',
    ],
    ["train: { optimizer: sgd }", 'Expected train.optimizer to be a mapping with kind, got "sgd".'],
    [
      "train: { optimizer: { momentum: 0.5 } }",
      "Expected the key kind in train.optimizer, got none. Add kind: AdamW, or SGD with momentum (adamw, sgd).",
    ],
    ["train: { optimizer: {} }", "Expected the key kind in train.optimizer, got none."],
    [
      "train: { optimizer: { kind: sgd, beta1: 0.8 } }",
      'Expected a key of train.optimizer, got "beta1". Known keys: kind, momentum, nesterov.',
    ],
    [
      "train: { optimizer: { kind: adamw, beta2: 1 } }",
      "Expected train.optimizer.beta2 to be a number, 0 or more and below 1, got 1.",
    ],
    [
      "name: my texts",
      'Expected name to be letters, digits, dots, hyphens and underscores, got "my texts".',
    ],
    ["name: 12", "Expected name to be text, got 12. Put it in quotes."],
    [
      "task: clasification",
      'Expected task to be classification, got "clasification". Did you mean "classification"?',
    ],
    ["export: { formats: [onnx-int8] }", 'Expected export.formats.0 to be onnx, got "onnx-int8".'],
    ["export: { formats: [] }", "Expected export.formats to be non-empty, got a list of 0."],
    [
      "student: { kind: bilstn }",
      'Expected student.kind to be a name in students/, got "bilstn". Did you mean "bilstm"?',
    ],
    [
      "student: [{ kind: resnet }]",
      'Expected student.0.kind to be a name in students/, got "resnet". There is in students/: bilstm, transformer.',
    ],
    [
      "student: { kind: transformer, activation: gellu }",
      'Expected student.activation to be one of gelu, relu, got "gellu". Did you mean "gelu"?',
    ],
    [
      "student: { embedding: { init: teachr } }",
      'one of teacher, random, got "teachr". Did you mean "teacher"?',
    ],
  ])("%s", async (line, expected) => {
    expect(await failure(`${MINIMAL}${line}\n`)).toContain(expected);
  });

  it("refuses a teacher that does not exist", async () => {
    expect(await failure("data: { source: a }\nteacher: { kind: encoder_heads }\n")).toBe(
      [
        'r.yaml:2:18: Expected teacher.kind to be a name in teachers/ or a path such as ./my-teacher.ts, got "encoder_heads". Did you mean "encoder-head"?',
        "     2 | teacher: { kind: encoder_heads }",
        "       |                  ^^^^^^^^^^^^^",
      ].join("\n"),
    );
  });

  it.each([
    [
      "{ perclass: 10 }",
      'Expected a key of data.labelled, got "perclass". Did you mean "perClass"?',
    ],
    ["{ perClass: 0 }", "Expected data.labelled.perClass to be a whole number, 1 or more, got 0."],
    [
      "{ perClass: 5, count: 50 }",
      "Expected data.labelled to be all or none or a mapping with perClass or a mapping with count, got perClass and count. " +
        "Keep one of them.",
    ],
    [
      "some",
      'Expected data.labelled to be all or none or a mapping with perClass or a mapping with count, got "some".',
    ],
  ])("labelled: %s", async (value, expected) => {
    expect(
      await failure(MINIMAL.replace("texts.csv", `texts.csv\n  labelled: ${value}`)),
    ).toContain(expected);
  });

  it("keeps the caret below its place after a tab", async () => {
    expect(await failure(`${MINIMAL}train: {\tepochs: 0 }\n`)).toContain(
      ["     6 | train: {\tepochs: 0 }", "       |         \t        ^"].join("\n"),
    );
  });
});
