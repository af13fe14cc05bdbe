import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, studentProgram, TABLE } from "../engine/programs.ts";
import { largestDifference } from "../engine/sample-values.ts";

interface Numbers {
  shape: number[];
  data: number[];
}

interface Fixture {
  sizes: Record<string, number>;
  embedded: Numbers;
  mask: Numbers;
  labels: number[];
  parameters: Record<string, Numbers>;
  logits: Numbers;
  loss: number;
  gradients: Record<string, Numbers>;
}

// Generators: tests/fixtures/generators/bilstm_student.py and transformer_student.py.
function readFixture(name: string): Fixture {
  const file = new URL(`../fixtures/students/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Fixture;
}

/** Compiles the fixture's program, its token vectors as rows of the table, and compares everything. */
async function comparePyTorch(fixture: Fixture, program: ReturnType<typeof studentProgram>) {
  const { batch, length, classes } = fixture.sizes as {
    batch: number;
    length: number;
    classes: number;
  };
  const [, , width] = fixture.embedded.shape as [number, number, number];
  const compiled = await compile(program, compileOptions);
  const table: Numbers = { shape: [batch * length, width], data: fixture.embedded.data };
  const weights = Object.entries({ ...fixture.parameters, [TABLE]: table }).map(
    ([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }] as const,
  );
  await compiled.loadWeights(Object.fromEntries(weights));
  const targets = new Float32Array(batch * classes);
  fixture.labels.forEach((label, text) => (targets[text * classes + label] = 1));
  const tokens = Int32Array.from({ length: batch * length }, (_, place) => place);
  const inputs = { mask: Float32Array.from(fixture.mask.data), targets };
  const given = { batch, length, tokens, inputs };

  const { logits } = await compiled.forward(given);
  expect(largestDifference(logits!.data, fixture.logits.data)).toBeLessThan(1e-5);
  const { loss, gradients } = await compiled.gradients(given);
  expect(Math.abs(loss - fixture.loss)).toBeLessThan(1e-5 * fixture.loss);
  const expected = { ...fixture.gradients, [TABLE]: fixture.gradients["embedded"]! };
  for (const [name, { data }] of Object.entries(expected)) {
    if (name === "embedded") continue;
    expect(largestDifference(gradients[name]!.data, data), name).toBeLessThan(1e-5);
  }
  await compiled.dispose();
}

describe("students equal PyTorch, logits, loss and every gradient", () => {
  it("bilstm: torch.nn.LSTM on packed sequences, mean and max pooling", async () => {
    const fixture = readFixture("bilstm");
    const { hidden, embedding, classes } = fixture.sizes as Record<
      "hidden" | "embedding" | "classes",
      number
    >;
    const sizes = { rows: 12, embedding, classes };
    // Dropout would draw other numbers than PyTorch.
    await comparePyTorch(fixture, studentProgram(bilstm, { hidden, dropout: 0 }, sizes));
  });

  it("transformer: BERT's encoder of two layers", async () => {
    const fixture = readFixture("transformer");
    const { embedding, classes, heads, layers, positions } = fixture.sizes;
    const sizes = { rows: 6, embedding: embedding!, classes: classes!, maxLength: positions! };
    const chosen = { heads, layers, dropout: 0 };
    await comparePyTorch(fixture, studentProgram(transformer, chosen, sizes));
  });
});
