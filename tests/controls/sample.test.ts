import { describe, expect, it } from "vitest";
import { sampleTexts } from "../../src/controls/sample.ts";

describe("sampleTexts", () => {
  const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`);
  const options = { limit: 20, classes: 2, seed: 3 };

  it("keeps each text with its label, in the old order, none twice", () => {
    const sample = sampleTexts({ texts, targets: { labels: [...texts.keys()] } }, options);
    expect(sample.texts).toHaveLength(20);
    const { labels } = sample.targets as { labels: Int32Array };
    sample.texts.forEach((text, row) => {
      expect(text).toBe(`text ${labels[row]!}`);
    });
    expect([...labels]).toEqual([...new Set(labels)].sort((a, b) => a - b));
  });

  it("keeps each text with its row of probabilities", () => {
    const probabilities = Float32Array.from({ length: 100 }, (_, place) => place);
    const sample = sampleTexts({ texts, targets: { probabilities } }, options);
    const { probabilities: kept } = sample.targets as { probabilities: Float32Array };
    sample.texts.forEach((text, row) => {
      const index = Number(text.slice(5));
      expect([kept[2 * row], kept[2 * row + 1]]).toEqual([2 * index, 2 * index + 1]);
    });
  });

  it("draws others with another seed, the same with the same", () => {
    const draw = (seed: number) =>
      sampleTexts({ texts, targets: { labels: [] } }, { ...options, seed }).texts;
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });

  it("keeps all of a few", () => {
    expect(sampleTexts({ texts, targets: { labels: [] } }, { ...options, limit: 50 }).texts).toBe(
      texts,
    );
  });
});
