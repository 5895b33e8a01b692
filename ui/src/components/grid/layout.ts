import type { Cell, Column } from "../../api/types";
import { formatInstant, type Zone } from "../../text/time";

export const ROW_PX = 28;
const CHARACTER_PX = 7.6;
const PADDING_PX = 24;
const WIDTH_MIN_PX = 72;
const WIDTH_MAX_PX = 420;
const SAMPLE_ROWS = 60;

export function isNumeric(type: string): boolean {
  return ["int", "long", "real", "decimal"].includes(type);
}

/** A cell as shown: times in the chosen zone, everything else as the server sent it. */
export function cellText(value: Cell | undefined, type: string, zone: Zone): string {
  if (value === null || value === undefined) return "";
  if (type === "datetime" && typeof value === "string" && value !== "") return precise(value, zone);
  return String(value);
}

/** Keeps the fraction of the second, which orders events within one. */
function precise(value: string, zone: Zone): string {
  const shown = formatInstant(value, zone);
  const fraction = /\.(\d+)/.exec(value)?.[1]?.replace(/0+$/, "");
  return fraction ? shown.replace(/(\d{2}:\d{2}:\d{2})/, `$1.${fraction}`) : shown;
}

/** Widths that fit the names and the first rows, within bounds. */
export function columnWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], zone: Zone): number[] {
  const sample = rows.slice(0, SAMPLE_ROWS);
  return columns.map((column, index) => {
    let longest = column.name.length + 2;
    for (const row of sample) longest = Math.max(longest, cellText(row[index], column.type, zone).length);
    return Math.round(Math.min(WIDTH_MAX_PX, Math.max(WIDTH_MIN_PX, longest * CHARACTER_PX + PADDING_PX)));
  });
}

/** Indexes of the columns that hold something in at least one row; all of them when there are no rows. */
export function filledColumns(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] {
  const all = columns.map((_, index) => index);
  if (rows.length === 0) return all;
  return all.filter((index) => rows.some((row) => row[index] !== null && row[index] !== undefined && row[index] !== ""));
}

export interface Position {
  row: number;
  column: number;
}

/** Where an arrow key (or Home, End, Page) moves the selected cell; null when the key is not one of them. */
export function moveCell(at: Position, key: string, rows: number, columns: number): Position | null {
  const step: Record<string, [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    PageUp: [-15, 0],
    PageDown: [15, 0],
    Home: [0, -columns],
    End: [0, columns],
  };
  const move = step[key];
  if (!move) return null;
  const within = (value: number, size: number) => Math.max(0, Math.min(size - 1, value));
  return { row: within(at.row + move[0], rows), column: within(at.column + move[1], columns) };
}

/** Orders two cells for a sort by column: nulls last, numbers as numbers, the rest as text. */
export function compareCells(left: Cell | undefined, right: Cell | undefined): number {
  if (left === right) return 0;
  if (left === null || left === undefined) return 1;
  if (right === null || right === undefined) return -1;
  if (typeof left === "number" && typeof right === "number") return left - right;
  return String(left) < String(right) ? -1 : 1;
}
