import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { Cell, Table } from "../../api/types";
import { usePreferences } from "../../theme/preferences";
import { LogText } from "../LogText";
import { useToasts } from "../toasts";
import { copyText, downloadCsv } from "./download";
import { cellText, columnWidths, compareCells, filledColumns, isNumeric, moveCell, ROW_PX, type Position } from "./layout";
import { RowInspector } from "./RowInspector";

interface Props {
  table: Table;
  label: string;
  /** The most the grid grows to before it scrolls; without it, it fills its parent. */
  maxHeight?: number;
}

type Sort = { column: number; descending: boolean } | null;

/** Rows of any number, drawn only where they are seen; in both directions, as tables have hundreds of columns. */
export function DataGrid({ table, label, maxHeight }: Props) {
  const { zone } = usePreferences();
  const toasts = useToasts();
  const [allColumns, setAllColumns] = useState(false);
  const [sort, setSort] = useState<Sort>(null);
  const [at, setAt] = useState<Position>({ row: 0, column: 0 });
  const [inspected, setInspected] = useState<number | null>(null);
  const scroller = useRef<HTMLDivElement>(null);

  const filled = useMemo(() => filledColumns(table.columns, table.rows), [table]);
  const shown = useMemo(
    () => (allColumns ? table.columns.map((_, index) => index) : filled),
    [allColumns, filled, table.columns],
  );
  const widths = useMemo(() => columnWidths(table.columns, table.rows, zone), [table, zone]);
  const rows = useMemo(() => {
    if (!sort) return table.rows;
    const sign = sort.descending ? -1 : 1;
    return [...table.rows].sort((left, right) => sign * compareCells(left[sort.column], right[sort.column]));
  }, [table.rows, sort]);

  const vertical = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const horizontal = useVirtualizer({
    horizontal: true,
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => widths[shown[index] ?? 0] ?? 120,
    getItemKey: (index) => `${shown.length}:${shown[index]}`,
    overscan: 4,
  });

  const copy = (text: string, what: string) =>
    copyText(text).then(
      () => toasts.done(`${what} copied`),
      (error: unknown) => toasts.failed("Copy", error),
    );
  const cellAt = (position: Position): Cell | undefined => rows[position.row]?.[shown[position.column] ?? -1];
  const rowJson = (row: readonly Cell[] | undefined) =>
    JSON.stringify(Object.fromEntries(table.columns.map((column, index) => [column.name, row?.[index] ?? null])), null, 2);

  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c" && !window.getSelection()?.toString()) {
      event.preventDefault();
      if (event.shiftKey) void copy(rowJson(rows[at.row]), "Row");
      else void copy(String(cellAt(at) ?? ""), "Cell");
      return;
    }
    if (event.key === "Enter" && rows.length > 0) {
      event.preventDefault();
      setInspected(at.row);
      return;
    }
    const next = moveCell(at, event.key, rows.length, shown.length);
    if (!next || rows.length === 0) return;
    event.preventDefault();
    setAt(next);
    if (inspected !== null) setInspected(next.row);
    vertical.scrollToIndex(next.row);
    horizontal.scrollToIndex(next.column);
  };

  const totalHeight = vertical.getTotalSize() + ROW_PX + 2;
  const empties = table.columns.length - filled.length;
  const columnsShown = horizontal.getVirtualItems();
  return (
    <div className={maxHeight === undefined ? "grid grid-fill" : "grid"}>
      <div className="grid-tools">
        <span className="muted">
          {rows.length.toLocaleString("en")} {rows.length === 1 ? "row" : "rows"} · {shown.length} columns
        </span>
        {empties > 0 ? (
          <button type="button" className="button-quiet" onClick={() => setAllColumns(!allColumns)}>
            {allColumns ? "Hide" : "Show"} {empties} empty {empties === 1 ? "column" : "columns"}
          </button>
        ) : null}
        <span className="spacer" />
        <button type="button" className="button-quiet" disabled={rows.length === 0} onClick={() => void copy(String(cellAt(at) ?? ""), "Cell")}>
          Copy cell <kbd>Ctrl C</kbd>
        </button>
        <button type="button" className="button-quiet" disabled={rows.length === 0} onClick={() => void copy(rowJson(rows[at.row]), "Row")}>
          Copy row <kbd>Ctrl Shift C</kbd>
        </button>
        <button type="button" className="button-quiet" disabled={rows.length === 0} onClick={() => downloadCsv({ ...table, rows }, label)}>
          Export CSV
        </button>
      </div>
      <div
        ref={scroller}
        className="grid-scroll"
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-colcount={shown.length}
        tabIndex={0}
        data-own-keys
        onKeyDown={onKeyDown}
        style={maxHeight === undefined ? undefined : { height: Math.min(maxHeight, totalHeight + 14) }}
      >
        <div style={{ width: horizontal.getTotalSize(), height: totalHeight, position: "relative" }}>
          <div className="grid-head" role="row" style={{ width: horizontal.getTotalSize() }}>
            {columnsShown.map((item) => {
              const index = shown[item.index] ?? 0;
              const column = table.columns[index];
              const active = sort?.column === index;
              return (
                <button
                  key={item.key}
                  type="button"
                  role="columnheader"
                  tabIndex={-1}
                  aria-sort={active ? (sort.descending ? "descending" : "ascending") : "none"}
                  title={`${column?.name ?? ""}: ${column?.type ?? ""} (click to sort)`}
                  style={{ left: item.start, width: item.size }}
                  onClick={() =>
                    setSort(!active ? { column: index, descending: false } : sort.descending ? null : { column: index, descending: true })
                  }
                >
                  <LogText value={column?.name} />
                  {active ? <span aria-hidden="true">{sort.descending ? "↓" : "↑"}</span> : null}
                </button>
              );
            })}
          </div>
          {vertical.getVirtualItems().map((line) => (
            <div
              key={line.key}
              role="row"
              aria-rowindex={line.index + 2}
              className={line.index === at.row ? "grid-row grid-row-at" : "grid-row"}
              style={{ transform: `translateY(${line.start + ROW_PX}px)`, height: ROW_PX, width: horizontal.getTotalSize() }}
            >
              {columnsShown.map((item) => {
                const index = shown[item.index] ?? 0;
                const type = table.columns[index]?.type ?? "string";
                const selected = line.index === at.row && item.index === at.column;
                return (
                  <div
                    key={item.key}
                    role="gridcell"
                    aria-selected={selected}
                    className={`grid-cell${isNumeric(type) ? " grid-number" : ""}${selected ? " grid-cell-at" : ""}`}
                    style={{ left: item.start, width: item.size }}
                    onClick={() => {
                      setAt({ row: line.index, column: item.index });
                      if (inspected !== null) setInspected(line.index);
                    }}
                    onDoubleClick={() => setInspected(line.index)}
                  >
                    <LogText value={cellText(rows[line.index]?.[index], type, zone)} />
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      </div>
      {inspected !== null && rows[inspected] ? (
        <RowInspector
          columns={table.columns}
          row={rows[inspected]}
          label={`${label}, row ${inspected + 1}`}
          onClose={() => {
            setInspected(null);
            scroller.current?.focus();
          }}
        />
      ) : (
        <div className="grid-foot muted">Arrow keys move · Enter or double-click shows the whole row</div>
      )}
    </div>
  );
}
