import type { StoreComparison } from "../labels/compare-stores.ts";
import { describeTerminal } from "../platform/terminal.ts";
import { count, show, storeOf, type LabelsOptions } from "./labels-options.ts";
import { readRecipeTexts } from "./recipe-texts.ts";
import { createStyle, type Style } from "./style.ts";
import { formatShare, formatTable } from "./table.ts";
import { wrap } from "./wrap.ts";

export interface DiffOptions extends LabelsOptions {
  recipe?: string;
  run?: string;
  texts: number;
}

/** Classes that are shown; the rest agree more. */
const SHOWN_CLASSES = 10;

interface Named {
  digest: string;
  kind: string;
}

interface Layout {
  style: Style;
  width: number;
  /** Words by id. */
  words: ReadonlyMap<string, string> | null;
}

function summary(found: StoreComparison, a: Named, b: Named): string[] {
  const { common, onlyA, onlyB, agreement, divergence, variation } = found;
  const name = ({ digest, kind }: Named) => `${digest.slice(0, 12)}  ${kind}`;
  return [
    `A  ${name(a)}`,
    `B  ${name(b)}`,
    "",
    `${count(common, "text")} in both, ${onlyA.toLocaleString("en-US")} only in A, ${onlyB.toLocaleString("en-US")} only in B`,
    ...formatTable(
      [
        ["same likeliest class", formatShare(agreement)],
        ["mean KL(A ‖ B)", `${divergence.toPrecision(3)} nats`],
        ["mean total variation", variation.toFixed(3)],
      ],
      [0],
    ),
  ];
}

function classLines({ classes }: StoreComparison, style: Style): string[] {
  const differing = classes.filter(({ disagreement }) => disagreement > 0);
  if (differing.length === 0) return [];
  const rows = differing
    .slice(0, SHOWN_CLASSES)
    .map(({ label, texts, disagreement, instead }) => [
      label,
      texts.toLocaleString("en-US"),
      formatShare(disagreement),
      instead ?? "",
    ]);
  const [title = "", ...lines] = formatTable(
    [["A says", "texts", "B disagrees", "B says mostly"], ...rows],
    [0, 3],
  );
  const more = differing.length - rows.length;
  return ["", style.dim(title), ...lines, ...(more > 0 ? [style.dim(`… and ${more} more`)] : [])];
}

function textLines({ texts }: StoreComparison, { style, width, words }: Layout): string[] {
  if (texts.length === 0) return [];
  const said = ({ label, probability }: { label: string; probability: number }) =>
    `${label} ${formatShare(probability)}`;
  return [
    "",
    style.dim("Where they differ most, by total variation"),
    ...texts.flatMap(({ id, a, b, distance }) => {
      const text = words?.get(id);
      const shown = text === undefined ? [id] : wrap(text.replaceAll(/\s+/g, " "), width - 6);
      const [first = "", ...rest] = shown;
      return [
        `${distance.toFixed(2)}  ${style.bold(first)}`,
        ...rest.map((line) => `      ${style.bold(line)}`),
        `      A ${said(a)} · B ${said(b)}`,
      ];
    }),
  ];
}

/** What two teachers agree on, class by class, and the texts that they see most differently. */
function formatComparison(
  found: StoreComparison,
  stores: { a: Named; b: Named },
  layout: Layout,
): string[] {
  return [
    ...summary(found, stores.a, stores.b),
    ...classLines(found, layout.style),
    ...textLines(found, layout),
  ];
}

/** `limbeck labels diff`. */
export async function compareLabels(a: string, b: string, options: DiffOptions): Promise<void> {
  const { openStoreAt } = await import("../labels/open-store.ts");
  const { compareStores } = await import("../labels/compare-stores.ts");
  const [first, second] = [await storeOf(a, options), await storeOf(b, options)];
  const words = await readRecipeTexts({ recipe: options.recipe, out: options.run });
  const opened = [await openStoreAt(first.root), await openStoreAt(second.root)] as const;
  const found = await compareStores(...opened, options.texts);
  const [one, other] = opened.map(({ store, description }) => ({
    digest: store.format.digest,
    kind: typeof description["kind"] === "string" ? description["kind"] : "of no kind",
  })) as [Named, Named];
  const texts = found.texts.map((text) => ({ ...text, text: words?.get(text.id) ?? null }));
  const { colours, interactive, width } = describeTerminal(process.stdout);
  const layout = { style: createStyle(colours), width: interactive ? width : Infinity, words };
  show(options, { a: one, b: other, ...found, texts }, () =>
    formatComparison(found, { a: one, b: other }, layout),
  );
}
