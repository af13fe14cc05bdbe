import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, pipeline } from "@huggingface/transformers";
import { expect, it } from "vitest";
import { openBundle } from "../../src/bundle/open.ts";
import { draftTiny, TEXTS } from "./tiny-student.ts";

it.each(["bilstm", "transformer"])(
  "transformers.js loads the bundle of a %s as it is",
  async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), "limbeck-transformers-"));
    env.allowRemoteModels = false;
    const draft = await draftTiny(folder, kind);
    const classify = await pipeline("text-classification", draft.folder);
    const bundle = await openBundle(draft.folder);
    // All but the texts that are cut: there transformers.js leaves out the closing [SEP].
    const texts = TEXTS.filter((text) => text.length < 100);
    expect(texts).toHaveLength(6);
    const expected = await bundle.classify(texts);
    const together = await classify(texts);
    for (const [row, { label, probability }] of expected.entries()) {
      const [alone] = await classify(texts[row]!);
      for (const found of [alone, together[row]]) {
        expect(found).toMatchObject({ label });
        expect((found as { score: number }).score).toBeCloseTo(probability, 5);
      }
    }
    const long = await classify("rate ".repeat(20_000));
    expect(long).toHaveLength(1);
    await classify.dispose();
    await bundle.close();
    await rm(folder, { recursive: true });
  },
);
