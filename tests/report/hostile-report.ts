import { buildReport } from "../../src/report/build-report.ts";
import type { LimbeckReport } from "../../src/report/schema.ts";
import { makeRun } from "./synthetic-run.ts";

// What a corpus may hold: tags, quotes that end an attribute, entities, and marks that turn the direction of writing.
const HOSTILE = [
  "<script>window.hacked = 1</script>",
  '"><img src="https://example.org/x.png" onerror="window.hacked = 1">',
  "'];window.hacked=1//",
  "</style></svg></title><b id=hacked>",
  "\u202Eesrever\u202C & שלום",
];

/** The report of a run whose every text, class and name tries to break out of the page. */
export async function makeHostileReport(): Promise<LimbeckReport> {
  const texts = Array.from({ length: 100 }, (_, index) => ({
    id: index.toString(16).padStart(32, "0"),
    text: `${HOSTILE[index % 5]!} number ${index}`,
    label: HOSTILE[index % 5]!,
  }));
  const { recipe, files } = await makeRun({ texts, classes: HOSTILE, signals: { teacher: 1 } });
  const { details } = files.manifests.prepare;
  details.notes.push(`guessed ${HOSTILE[0]!} and ${HOSTILE[1]!}`);
  details.columns[0]!.file = HOSTILE[3]!;
  const hostile = { ...recipe, name: HOSTILE[1]! };
  return buildReport(hostile, {
    ...files,
    environment: { processor: HOSTILE[0]!, platform: HOSTILE[3]! },
  });
}
