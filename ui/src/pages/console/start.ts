/** What another page hands to the console, through the history's state: queries don't belong into addresses and logs. */
export interface ConsoleStart {
  query: string;
  from: string | null;
  to: string | null;
  /** What `now()` and `ago()` of the query count from. */
  asOf: string | null;
}

export function consoleStart(state: unknown): ConsoleStart | null {
  if (typeof state !== "object" || state === null || !("query" in state) || typeof state.query !== "string") return null;
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  const { from, to, asOf } = state as Partial<Record<"from" | "to" | "asOf", unknown>>;
  return { query: state.query, from: text(from), to: text(to), asOf: text(asOf) };
}
