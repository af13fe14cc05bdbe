import { describe, expect, it } from "vitest";
import type { Recipe } from "../../src/recipe/schema.ts";
import { independentRuns, shardsOf, shareCores } from "../../src/training/cores.ts";
import { toyRecipe } from "./toy-run.ts";

type Train = Partial<Recipe["train"]>;

function recipeOf(train: Train, controls: Recipe["controls"] = []): Recipe {
  const recipe = toyRecipe({ controls });
  return { ...recipe, train: { ...recipe.train, batch: 16, ...train } };
}

const single: Train = { seeds: [0] };

describe("independentRuns", () => {
  it("counts students × seeds, and their hard-label controls", () => {
    const { student } = toyRecipe();
    const recipe = { ...recipeOf({ seeds: [0, 1, 2] }), student: [student[0]!, student[0]!] };
    expect(independentRuns(recipe)).toBe(6);
    expect(independentRuns({ ...recipe, controls: ["hard-label", "linear"] })).toBe(12);
    expect(independentRuns({ ...recipe, controls: ["linear", "majority"] })).toBe(6);
  });
});

describe("shardsOf", () => {
  it.each([
    ["a single run", recipeOf(single), 4],
    ["a single run of small batches", recipeOf({ ...single, batch: 3 }), 3],
    ["a run beside its control", recipeOf(single, ["hard-label"]), 1],
    ["two seeds", recipeOf({ seeds: [0, 1] }), 1],
    ["a single run on a card", recipeOf({ ...single, device: "cuda" }), 1],
    ["a single run on what the machine has", recipeOf({ ...single, device: "auto" }), 1],
    ["a number in the recipe", recipeOf({ seeds: [0, 1], shards: 8 }), 8],
  ])("%s", (_, recipe, shards) => {
    expect(shardsOf(recipe)).toBe(shards);
  });
});

describe("shareCores", () => {
  const share = (train: Train, cores: number, device: "cpu" | "cuda" = "cpu") =>
    shareCores(recipeOf(train), { device, cores });

  it("gives every core a run where there are enough", () => {
    expect(share({ seeds: [0, 1, 2], shards: 4 }, 2)).toEqual({ workers: 2, shardThreads: 1 });
    expect(share({ seeds: [0, 1, 2], shards: 4 }, 3)).toEqual({ workers: 3, shardThreads: 1 });
  });

  it("leaves the cores that runs do not use to their shards", () => {
    // 8 cores for 3 runs: 2 each.
    expect(share({ seeds: [0, 1, 2], shards: 4 }, 8)).toEqual({ workers: 8, shardThreads: 2 });
    expect(share(single, 2)).toEqual({ workers: 2, shardThreads: 2 });
    // One run at a time may use all four.
    expect(share({ seeds: [0, 1], workers: 1, shards: 8 }, 4)).toEqual({
      workers: 1,
      shardThreads: 4,
    });
  });

  it("starts no more threads than there are shards", () => {
    expect(share(single, 64).shardThreads).toBe(4);
    expect(share({ seeds: [0, 1] }, 64).shardThreads).toBe(1);
  });

  it("trains one run at a time on a card, unless told otherwise", () => {
    expect(share({ seeds: [0, 1] }, 8, "cuda").workers).toBe(1);
    expect(share({ seeds: [0, 1], workers: 2 }, 8, "cuda").workers).toBe(2);
  });
});
