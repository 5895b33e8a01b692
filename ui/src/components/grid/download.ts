import type { Table } from "../../api/types";
import { toCsv } from "../../text/csv";

/** Saves the table as a CSV file that a spreadsheet opens without running anything in it. */
export function downloadCsv(table: Table, name: string): void {
  // The byte order mark tells spreadsheets that the text is UTF-8.
  const blob = new Blob(["\ufeff", toCsv(table.columns, table.rows)], { type: "text/csv;charset=utf-8" });
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name.replace(/[^A-Za-z0-9_-]+/g, "-")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Copies text, also where the clipboard API is missing (plain http on another host). */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
