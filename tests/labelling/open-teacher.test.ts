import { expect, it } from "vitest";
import { openTeacher } from "../../src/labelling/open-teacher.ts";
import { placeOf } from "../teachers/helpers.ts";

it("says how to name the classes where no text has a label", async () => {
  const opening = openTeacher(
    { kind: "zero-shot", model: "anywhere" },
    {
      recipe: { data: {} as never },
      place: placeOf(),
      labelsFolder: "/nowhere",
      classes: [],
      gold: { labelled: [], validation: [] },
      signal: new AbortController().signal,
      report: () => undefined,
    },
  );
  await expect(opening).rejects.toMatchObject({
    code: "E_DATA",
    message: expect.stringContaining("data: { classes: [") as string,
  });
});
