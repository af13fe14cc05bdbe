import { describe, expect, it } from "vitest";
import type { Student } from "../../src/types.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";

const sizes = { embedding: 128, classes: 77, maxLength: 64 };

function shapes<Options>(
  student: Student<Options>,
  chosen: unknown,
): Record<string, readonly number[]> {
  const specs = student.parameters(student.options.parse(chosen), sizes);
  return Object.fromEntries(specs.map(({ name, shape }) => [name, shape]));
}

function count(parameters: Record<string, readonly number[]>): number {
  return Object.values(parameters).reduce(
    (sum, shape) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
}

describe("bilstm", () => {
  it("has the parameters of torch.nn.LSTM and torch.nn.Linear", () => {
    const parameters = shapes(bilstm, {});
    expect(parameters["lstm.weight_ih_l0"]).toEqual([512, 128]);
    expect(parameters["lstm.weight_hh_l0_reverse"]).toEqual([512, 128]);
    expect(parameters["lstm.bias_hh_l0"]).toEqual([512]);
    expect(parameters["classifier.weight"]).toEqual([77, 512]);
    // Per direction 512 · 128 for inputs and as many for states, two biases of 512; 77 · 512 + 77 for the classifier.
    expect(count(parameters)).toBe(2 * (2 * 512 * 128 + 2 * 512) + 77 * 512 + 77);
  });

  it("starts as PyTorch does: within 1/√H, and within 1/√(4H) for the classifier", () => {
    const specs = bilstm.parameters(bilstm.options.parse({ hidden: 16 }), sizes);
    const limits = Object.fromEntries(specs.map(({ name, initializer }) => [name, initializer]));
    expect(limits["lstm.bias_ih_l0"]).toEqual({ kind: "uniform", limit: 0.25 });
    expect(limits["classifier.bias"]).toEqual({ kind: "uniform", limit: 0.125 });
  });

  it("pools to 2H where only one kind of pooling is asked for", () => {
    expect(shapes(bilstm, { pooling: "max" })["classifier.weight"]).toEqual([77, 256]);
  });

  it("refuses unknown keys and rates of 1", () => {
    expect(bilstm.options.safeParse({ hiden: 3 }).success).toBe(false);
    expect(bilstm.options.safeParse({ dropout: 1 }).success).toBe(false);
  });
});

describe("transformer", () => {
  it("has the names and shapes of Hugging Face's BertModel", () => {
    const parameters = shapes(transformer, {});
    expect(parameters["embeddings.position_embeddings.weight"]).toEqual([64, 128]);
    expect(parameters["embeddings.token_type_embeddings.weight"]).toEqual([2, 128]);
    expect(parameters["encoder.layer.1.attention.self.query.weight"]).toEqual([128, 128]);
    expect(parameters["encoder.layer.0.attention.output.LayerNorm.bias"]).toEqual([128]);
    expect(parameters["encoder.layer.0.intermediate.dense.weight"]).toEqual([512, 128]);
    expect(parameters["encoder.layer.0.output.dense.weight"]).toEqual([128, 512]);
    expect(parameters["encoder.layer.2.output.dense.weight"]).toBeUndefined();
    // A layer of BERT: 4 (D² + D) for attention, 8D² + 5D for the feed-forward block, 4D for two norms.
    const layer = 4 * (128 ** 2 + 128) + 8 * 128 ** 2 + 5 * 128 + 4 * 128;
    const rest = (64 + 2 + 2) * 128 + 77 * 128 + 77;
    expect(count(parameters)).toBe(2 * layer + rest);
  });

  it("projects the token vectors only to another width", () => {
    expect(shapes(transformer, {})["embeddings_project.weight"]).toBeUndefined();
    expect(shapes(transformer, { hidden: 96 })["embeddings_project.weight"]).toEqual([96, 128]);
  });

  it("refuses heads that do not divide the width", () => {
    expect(() => shapes(transformer, { heads: 3 })).toThrow(
      expect.objectContaining({
        code: "E_RECIPE",
        message: expect.stringContaining("128") as string,
      }),
    );
  });
});
