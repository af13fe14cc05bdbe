import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { Batch } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, makeBatch, studentProgram, TABLE } from "../engine/programs.ts";
import { largestDifference } from "../engine/sample-values.ts";

const CHOSEN = {
  bilstm: studentProgram(bilstm, { hidden: 5, dropout: 0 }),
  transformer: studentProgram(transformer, { heads: 2, dropout: 0 }),
};

/** The same texts with three places more, which hold a real token that only the mask hides. */
function padded(batch: Batch): Batch {
  const length = batch.length + 3;
  const tokens = new Int32Array(batch.batch * length).fill(9);
  const mask = new Float32Array(batch.batch * length);
  for (let text = 0; text < batch.batch; text += 1) {
    const from = text * batch.length;
    tokens.set(batch.tokens!.subarray(from, from + batch.length), text * length);
    mask.set(
      (batch.inputs["mask"] as Float32Array).subarray(from, from + batch.length),
      text * length,
    );
  }
  return { ...batch, length, tokens, inputs: { ...batch.inputs, mask } };
}

describe("padding changes nothing", () => {
  for (const [name, program] of Object.entries(CHOSEN)) {
    it(`${name}: logits, loss, gradients`, async () => {
      const compiled = await compile(program, compileOptions);
      const batch = makeBatch([5, 2, 1]);
      const longer = padded(batch);
      const plain = await compiled.forward(batch);
      const wide = await compiled.forward(longer);
      expect(largestDifference(wide["logits"]!.data, plain["logits"]!.data)).toBeLessThan(1e-6);
      const a = await compiled.gradients(batch);
      const b = await compiled.gradients(longer);
      expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-6);
      for (const [parameter, { data }] of Object.entries(a.gradients)) {
        expect(largestDifference(b.gradients[parameter]!.data, data), parameter).toBeLessThan(1e-6);
      }
      // Row 9 stands in padding only: it must not learn from that.
      const width = program.embedding!.size;
      const used = [...batch.tokens!].includes(9);
      expect(used).toBe(false);
      const row = b.gradients[TABLE]!.data.slice(9 * width, 10 * width);
      expect(row.every((slope) => slope === 0)).toBe(true);
      await compiled.dispose();
    });

    it(`${name}: a text's logits do not depend on its batch`, async () => {
      const compiled = await compile(program, compileOptions);
      const together = await compiled.forward(makeBatch([6, 3, 2]));
      const classes = 3;
      const all = makeBatch([6, 3, 2]);
      for (let text = 0; text < 3; text += 1) {
        const range = [text * 6, text * 6 + 6] as const;
        const alone: Batch = {
          batch: 1,
          length: 6,
          tokens: all.tokens!.slice(...range),
          inputs: { mask: (all.inputs["mask"] as Float32Array).slice(...range) },
        };
        const { logits } = await compiled.forward(alone);
        const expected = together["logits"]!.data.slice(text * classes, (text + 1) * classes);
        expect(largestDifference(logits!.data, expected)).toBeLessThan(1e-6);
      }
      await compiled.dispose();
    });
  }
});
