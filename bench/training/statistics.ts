/** The middle value; of an even number the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return NaN;
  return Number.isInteger(middle)
    ? (sorted[middle - 1]! + sorted[middle]!) / 2
    : sorted[Math.floor(middle)]!;
}

/** One comparison as `--json` prints it: `ratio` = ours ÷ peer, `limit` the most we accept. */
export interface Row {
  work: string;
  ratio: number;
  limit: number;
  ours: number;
  peer: number;
}

/** A comparison with what the table says besides. */
export interface Finding {
  work: string;
  /** Medians in `unit`. */
  ours: number;
  peer: number;
  unit: "ms" | "s";
  /** Null where the figure only stands beside. */
  limit: number | null;
  /** Processor milliseconds per step, ours and the peer's, where they were taken. */
  cpu?: { ours: number; peer: number };
  note?: string;
}

/** The findings that are held to a limit, as rows. */
export function toRows(findings: readonly Finding[]): Row[] {
  return findings.flatMap(({ work, ours, peer, limit }) =>
    limit === null ? [] : [{ work, ratio: ours / peer, limit, ours, peer }],
  );
}

/** Whether a figure is over its limit. A ratio that is no number is. */
export function misses({ ours, peer, limit }: Finding): boolean {
  return limit !== null && !(ours / peer <= limit);
}

/** Lines of a table, a finding each. */
export function tableLines(findings: readonly Finding[]): string[] {
  const cells = findings.map((finding) => {
    const { work, ours, peer, unit, limit, cpu, note = "" } = finding;
    const figure = (value: number): string => `${value.toFixed(unit === "s" ? 2 : 1)} ${unit}`;
    const verdict = limit === null ? "" : `≤ ${limit} ${misses(finding) ? "MISSED" : "ok"}`;
    const processor = cpu ? `${cpu.ours.toFixed(0)} / ${cpu.peer.toFixed(0)} ms` : "";
    return [work, figure(ours), figure(peer), (ours / peer).toFixed(2), verdict, processor, note];
  });
  const heads = ["work", "ours", "peer", "ratio", "limit", "CPU ours / peer", ""];
  const table = [heads, ...cells];
  const widths = heads.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  return table.map((line) =>
    line
      .map((cell, column) =>
        column > 0 && column < 4 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
}
