/**
 * Up to `count` of `names` that are most like `name`: by the share of common letter triples (Dice's coefficient), at
 * least a third; the most alike first.
 */
export function nearNames(name: string, names: readonly string[], count = 3): string[] {
  const wanted = triples(name);
  return names
    .map((candidate) => ({ candidate, likeness: likeness(wanted, triples(candidate)) }))
    .filter(({ likeness }) => likeness >= 1 / 3)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = [...a].filter((triple) => b.has(triple)).length;
  return (2 * common) / (a.size + b.size);
}

function triples(name: string): Set<string> {
  const padded = `  ${name.toLowerCase()} `;
  return new Set(Array.from(padded, (_, start) => padded.slice(start, start + 3)));
}
