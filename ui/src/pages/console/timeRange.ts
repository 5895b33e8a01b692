/** The time a query looks at. `query` leaves it to the query's own conditions. */
export type TimeRange = { kind: "last"; span: string } | { kind: "between"; from: string; to: string } | { kind: "query" };

export const SPANS: readonly [string, string][] = [
  ["1h", "Last hour"],
  ["4h", "Last 4 hours"],
  ["24h", "Last 24 hours"],
  ["3d", "Last 3 days"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["90d", "Last 90 days"],
];

/** The `timespan` of the query API; undefined for no limit. */
export function timespanOf(range: TimeRange): string | undefined {
  if (range.kind === "last") return range.span;
  if (range.kind === "between") return `${range.from}/${range.to}`;
  return undefined;
}

/** Why a range can't be used, or null. */
export function rangeProblem(range: TimeRange): string | null {
  if (range.kind !== "between") return null;
  const from = Date.parse(range.from);
  const to = Date.parse(range.to);
  if (Number.isNaN(from) || Number.isNaN(to)) return "set both ends of the time range";
  return from >= to ? "the time range ends before it begins" : null;
}
