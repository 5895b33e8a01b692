import { useState } from "react";
import type { Cell, Column } from "../../api/types";
import { usePreferences } from "../../theme/preferences";
import { LogText } from "../LogText";
import { cellText } from "./layout";

interface Props {
  columns: readonly Column[];
  row: readonly Cell[];
  label: string;
  onClose: () => void;
}

/** JSON text is laid out over lines; anything else stays as it is. */
function laidOut(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** One row, column by column, with nothing cut off. */
export function RowInspector({ columns, row, label, onClose }: Props) {
  const { zone } = usePreferences();
  const [filter, setFilter] = useState("");
  const wanted = filter.toLowerCase();
  const fields = columns
    .map((column, index) => ({ column, text: cellText(row[index], column.type, zone) }))
    .filter(({ text }) => text !== "")
    .filter(({ column, text }) => !wanted || column.name.toLowerCase().includes(wanted) || text.toLowerCase().includes(wanted));
  return (
    <section
      className="inspector"
      aria-label={label}
      data-own-keys
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      <header className="inspector-head">
        <strong>{label}</strong>
        <input type="search" placeholder="Find a field" aria-label="Find a field" value={filter} onChange={(event) => setFilter(event.target.value)} />
        <span className="spacer" />
        <button type="button" className="button-quiet" onClick={onClose}>
          Close <kbd>Esc</kbd>
        </button>
      </header>
      <dl className="fields">
        {fields.map(({ column, text }) => (
          <div key={column.name}>
            <dt>
              <LogText value={column.name} />
            </dt>
            <dd>
              <LogText value={laidOut(text)} multiline />
            </dd>
          </div>
        ))}
      </dl>
      {fields.length === 0 ? <p className="muted">No field matches.</p> : null}
    </section>
  );
}
