import type { Cell, Column } from "../api/types";

/** A cell that a spreadsheet would run as a formula, also behind spaces it would trim. */
const FORMULA = /^[\s\u00a0\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]|^[\t\r]/;

/** A plain number is data, not a formula: `-5` must stay a number. */
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** Puts an apostrophe before text that a spreadsheet would take for a formula (leading `= + - @`, TAB, CR). */
export function neutralise(value: string): string {
  return FORMULA.test(value) ? `'${value}` : value;
}

/** One CSV field (RFC 4180). Numbers and booleans of the table are written as they are. */
export function csvField(value: Cell | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return NUMBER.test(String(value)) ? String(value) : neutralise(String(value));
  const safe = neutralise(value);
  return /[",\r\n\t]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toCsv(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const lines = [columns.map((column) => csvField(column.name)).join(",")];
  for (const row of rows) lines.push(columns.map((_, index) => csvField(row[index])).join(","));
  return `${lines.join("\r\n")}\r\n`;
}
