import { useState } from "react";
import { ApiError } from "../../api/client";
import type { Diagnostic } from "../../api/types";
import { DataGrid } from "../../components/grid/DataGrid";
import { LogText } from "../../components/LogText";
import { EmptyState, errorText } from "../../components/states";
import { positionAt, utf16Offset } from "../../text/spans";
import { visible } from "../../text/visible";
import type { Run } from "./useConsole";

interface Props {
  run: Run;
  onRetry: () => void;
  onGoTo: (line: number, column: number) => void;
}

export function ResultPane({ run, onRetry, onGoTo }: Props) {
  const [chosen, setChosen] = useState(0);
  if (run.state === "idle") {
    return (
      <EmptyState title="Nothing has run yet">
        Press <kbd>Ctrl Enter</kbd> or <kbd>Shift Enter</kbd>. A selection runs alone. Tables with rows are listed on the left.
      </EmptyState>
    );
  }
  if (run.state === "failed") return <QueryError run={run} onRetry={onRetry} onGoTo={onGoTo} />;
  if (!run.result) return <div className="state" role="status"><span className="spinner" aria-hidden="true" />Running…</div>;

  const { tables } = run.result;
  const table = tables[Math.min(chosen, tables.length - 1)];
  if (!table) return <EmptyState title="The query gave no table">A tabular statement at the end of the query gives one.</EmptyState>;
  return (
    <>
      {tables.length > 1 ? (
        <div className="segments" role="group" aria-label="Result table">
          {tables.map((one, index) => (
            <button key={index} type="button" aria-pressed={one === table} onClick={() => setChosen(index)}>
              <LogText value={one.name} />
            </button>
          ))}
        </div>
      ) : null}
      {table.rows.length === 0 ? (
        <EmptyState title="No rows">Widen the time range, or loosen the conditions. The columns were: <LogText value={table.columns.map((column) => column.name).join(", ")} />.</EmptyState>
      ) : (
        <DataGrid table={table} label={`query ${table.name}`} />
      )}
    </>
  );
}

function QueryError({ run, onRetry, onGoTo }: Props) {
  const { message, hint } = errorText(run.error);
  const diagnostics: readonly Diagnostic[] = run.error instanceof ApiError ? run.error.diagnostics : [];
  return (
    <div className="state state-error state-left" role="alert">
      <strong>The query did not run</strong>
      {diagnostics.length === 0 ? <div>{message}</div> : null}
      {hint ? <div className="state-hint">{hint}</div> : null}
      <ul className="diagnostics">
        {diagnostics.map((diagnostic, index) => {
          const at = positionAt(run.text, utf16Offset(run.text, diagnostic.start));
          return (
            <li key={index}>
              <button type="button" className="button-link" onClick={() => onGoTo(at.line, at.column)}>
                line {at.line}, column {at.column}
              </button>{" "}
              <code>{visible(diagnostic.code)}</code> <LogText value={diagnostic.message} multiline />
              {diagnostic.hint ? (
                <div className="state-hint">
                  <LogText value={diagnostic.hint} multiline />
                </div>
              ) : null}
            </li>
          );
        })}
      </ul>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
