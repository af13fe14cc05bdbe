import { describe, expect, it } from "vitest";
import { leaveOutUnanswered } from "../../src/training/leave-out-unanswered.ts";

const row = (id: string, label: string | null = null) => ({ id, text: `text ${id}`, label });
const texts = {
  labelled: [row("l1", "a"), row("l2", "b"), row("l3", "a")],
  transfer: [row("t1"), row("t2"), row("t3"), row("t4")],
  validation: [row("v1"), row("v2")],
};
const leaveOut = (missing: string[], more: { gold?: boolean; classes?: number } = {}) =>
  leaveOutUnanswered({
    texts,
    gold: false,
    classes: 2,
    reasons: "5 too rude",
    unanswered: (ids) => Promise.resolve(new Set(missing.filter((id) => ids.includes(id)))),
    ...more,
  });

describe("leaveOutUnanswered", () => {
  it("takes them from the transfer and validation texts, and says how many", async () => {
    const { texts: left, notes } = await leaveOut(["t2", "l3", "v1"]);
    expect(left.transfer.map(({ id }) => id)).toEqual(["t1", "t3", "t4"]);
    expect(left.validation.map(({ id }) => id)).toEqual(["v2"]);
    expect(notes).toEqual([
      "The teacher answered 5 of 7 training texts; students learn from those.",
      "1 of 2 validation texts have no answer of the teacher and were left out.",
    ]);
  });

  it("leaves the controls every gold label", async () => {
    const { texts: left } = await leaveOut(["l3"]);
    expect(left.labelled).toEqual(texts.labelled);
    expect(left.unanswered).toEqual(new Set(["l3"]));
  });

  it("needs no answer for validation texts with gold labels", async () => {
    const { texts: left, notes } = await leaveOut(["v1", "v2"], { gold: true });
    expect(left.validation).toEqual(texts.validation);
    expect(notes).toEqual([]);
  });

  it("stops where fewer answers are left than there are classes", async () => {
    const all = [...texts.labelled, ...texts.transfer].map(({ id }) => id);
    await expect(leaveOut(all.slice(1))).rejects.toThrow(
      /answers for the 7 training texts, got 1, too few for 2 classes \(without one: 5 too rude\)/,
    );
    await expect(leaveOut(all.slice(2))).resolves.toBeDefined();
  });
});
