import { useState } from "react";
import type { Schema, SchemaFunction, SchemaTable } from "../../api/types";
import { LogText } from "../../components/LogText";

interface Props {
  schema: Schema | undefined;
  failed: boolean;
  onInsert: (text: string) => void;
}

/** More than this many names is a sign to search, not to scroll. */
const SHOWN = 200;

const has = (text: string, wanted: string): boolean => text.toLowerCase().includes(wanted);

/** What a query can name on this server: tables with their columns, and functions. */
export function SchemaPanel({ schema, failed, onInsert }: Props) {
  const [kind, setKind] = useState<"tables" | "functions">("tables");
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  return (
    <aside className="schema" aria-label="Tables and functions">
      <div className="segments" role="group" aria-label="What to list">
        <button type="button" aria-pressed={kind === "tables"} onClick={() => setKind("tables")}>
          Tables
        </button>
        <button type="button" aria-pressed={kind === "functions"} onClick={() => setKind("functions")}>
          Functions
        </button>
      </div>
      <input
        type="search"
        placeholder={kind === "tables" ? "Table or column" : "Function"}
        aria-label="Find a name"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {failed ? <p className="small muted">The names could not be loaded; queries still run.</p> : null}
      {schema && kind === "tables" ? <Tables tables={schema.tables} wanted={wanted} onInsert={onInsert} /> : null}
      {schema && kind === "functions" ? <Functions functions={schema.functions} wanted={wanted} onInsert={onInsert} /> : null}
    </aside>
  );
}

interface TablesProps {
  tables: readonly SchemaTable[];
  wanted: string;
  onInsert: (text: string) => void;
}

/** Tables with rows first: what can be asked is worth more than what could exist. */
function Tables({ tables, wanted, onInsert }: TablesProps) {
  const [all, setAll] = useState(false);
  const found = tables
    .filter((table) => (wanted ? has(table.name, wanted) || table.columns.some((column) => has(column.name, wanted)) : all || table.rows > 0))
    .sort((left, right) => Number(right.rows > 0) - Number(left.rows > 0) || left.name.localeCompare(right.name));
  return (
    <>
      <label className="check small">
        <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />
        Empty tables too
      </label>
      <div className="schema-list">
        {found.length === 0 ? <p className="small muted">{wanted ? "Nothing has that name." : "No table has rows yet."}</p> : null}
        {found.slice(0, SHOWN).map((table) => (
          <details key={table.name}>
            <summary>
              <LogText value={table.name} className="mono" />
              <span className="muted small">{table.rows > 0 ? table.rows.toLocaleString("en") : ""}</span>
            </summary>
            <button type="button" className="button-quiet small" onClick={() => onInsert(table.name)}>
              Insert name
            </button>
            <ul>
              {table.columns
                .filter((column) => !wanted || has(table.name, wanted) || has(column.name, wanted))
                .map((column) => (
                  <li key={column.name}>
                    <button type="button" onClick={() => onInsert(column.name)} title="Insert into the query">
                      <LogText value={column.name} className="mono" />
                      <span className="muted">{column.type}</span>
                    </button>
                  </li>
                ))}
            </ul>
          </details>
        ))}
        <More count={found.length - SHOWN} />
      </div>
    </>
  );
}

interface FunctionsProps {
  functions: readonly SchemaFunction[];
  wanted: string;
  onInsert: (text: string) => void;
}

function Functions({ functions, wanted, onInsert }: FunctionsProps) {
  const found = functions
    .filter((one) => !wanted || has(one.name, wanted) || has(one.doc, wanted))
    .sort((left, right) => Number(has(right.name, wanted)) - Number(has(left.name, wanted)) || left.name.localeCompare(right.name));
  return (
    <div className="schema-list">
      {found.length === 0 ? <p className="small muted">Nothing has that name.</p> : null}
      {found.slice(0, SHOWN).map((one, index) => (
        // Overloads share a name.
        <details key={`${one.name} ${index}`}>
          <summary>
            <LogText value={one.name} className="mono" />
          </summary>
          <div className="small schema-doc">
            <LogText value={one.signature} className="mono" multiline />
            <p className="muted">
              <LogText value={one.doc} multiline />
            </p>
            <button type="button" className="button-quiet" onClick={() => onInsert(`${one.name}(`)}>
              Insert
            </button>
          </div>
        </details>
      ))}
      <More count={found.length - SHOWN} />
    </div>
  );
}

function More({ count }: { count: number }) {
  return count > 0 ? <p className="small muted">{count} more: search for a name.</p> : null;
}
