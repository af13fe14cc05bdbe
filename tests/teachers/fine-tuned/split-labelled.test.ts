import { describe, expect, it } from "vitest";
import { splitLabelled } from "../../../teachers/fine-tuned/split-labelled.ts";
import { toyTexts } from "./tiny-bert.ts";

const texts = toyTexts(10);
const idsOf = (list: readonly { id: string }[]) => list.map(({ id }) => id).sort();
const perClass = (list: readonly { label: number }[]) =>
  [0, 1, 2, 3].map((label) => list.filter((text) => text.label === label).length);
const plain = { labelled: texts, validation: [], holdOut: 0.1, seed: 0 };

describe("splitLabelled", () => {
  it("holds out the share that is asked for, of each class alike, and learns from all others", () => {
    const split = splitLabelled(plain);
    // 10 texts of each of 4 classes in round(1 / 0.1) = 10 folds: one of each class in each.
    expect(perClass(split.heldOut)).toEqual([1, 1, 1, 1]);
    expect(perClass(split.training)).toEqual([9, 9, 9, 9]);
    expect(idsOf([...split.training, ...split.heldOut])).toEqual(idsOf(texts));
    expect(split.from).toBe("labelled");
    // 4 folds of 40 texts.
    expect(splitLabelled({ ...plain, holdOut: 0.25 }).heldOut).toHaveLength(10);
  });

  it("does not depend on the order of the texts, nor on one that comes twice, but on the seed", () => {
    const split = splitLabelled(plain);
    const other = splitLabelled({ ...plain, labelled: [...texts].reverse().concat(texts) });
    expect(other).toEqual(split);
    expect(idsOf(splitLabelled({ ...plain, seed: 1 }).heldOut)).not.toEqual(idsOf(split.heldOut));
  });

  it("takes validation texts of the recipe instead, and learns from none of them", () => {
    const validation = texts.slice(0, 8);
    const split = splitLabelled({ ...plain, validation });
    expect(split.from).toBe("validation");
    expect(idsOf(split.heldOut)).toEqual(idsOf(validation));
    expect(idsOf(split.training)).toEqual(idsOf(texts.slice(8)));
  });

  it("holds out nothing where no class has two texts, or none is to be held out", () => {
    for (const changes of [{ labelled: toyTexts(1) }, { holdOut: 0 }]) {
      const options = { ...plain, ...changes };
      const split = splitLabelled(options);
      expect(split).toMatchObject({ heldOut: [], from: "none" });
      expect(idsOf(split.training)).toEqual(idsOf(options.labelled));
    }
  });

  it("never takes a class's only text", () => {
    const labelled = [...texts.filter(({ label }) => label !== 2), texts[2]!];
    const split = splitLabelled({ ...plain, labelled, holdOut: 0.5 });
    expect(perClass(split.training)[2]).toBe(1);
    expect(perClass(split.heldOut)).toEqual([5, 5, 0, 5]);
  });
});
