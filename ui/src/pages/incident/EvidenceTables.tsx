import { useState } from "react";
import { useEvidence, useScope } from "../../api/queries";
import type { Tables } from "../../api/types";
import { DataGrid } from "../../components/grid/DataGrid";
import { LogText } from "../../components/LogText";
import { EmptyState, ErrorState, Loading } from "../../components/states";

const GRID_MAX_PX = 380;

function TableList({ data, incident }: { data: Tables; incident: number }) {
  return (
    <>
      {data.truncated ? <p className="notice notice-warning">There are more rows than are shown here. Use the query behind an alert to see all of them.</p> : null}
      {data.tables.map((table) => (
        <section key={table.name} className="evidence">
          <h3>
            <LogText value={table.name} className="mono" />
          </h3>
          <DataGrid table={table} label={`incident ${incident} ${table.name}`} maxHeight={GRID_MAX_PX} />
        </section>
      ))}
    </>
  );
}

/** The rows that the alerts rest on, table by table. */
export function Evidence({ number }: { number: number }) {
  const evidence = useEvidence(number);
  if (evidence.isPending) return <Loading what="the evidence" />;
  if (evidence.isError) return <ErrorState error={evidence.error} what="the evidence" onRetry={() => void evidence.refetch()} />;
  if (evidence.data.tables.every((table) => table.rows.length === 0)) {
    return <EmptyState title="No evidence rows">Native alerts often come without the events behind them. The scope tab shows what else the entities did.</EmptyState>;
  }
  return <TableList data={evidence.data} incident={number} />;
}

const HOURS = [1, 6, 24, 72, 168] as const;

/** What else the incident's entities did around it. */
export function Scope({ number }: { number: number }) {
  const [hours, setHours] = useState(24);
  const scope = useScope(number, hours);
  return (
    <>
      <div className="toolbar toolbar-inner">
        <label className="inline">
          Events of its entities within
          <select value={hours} onChange={(event) => setHours(Number(event.target.value))}>
            {HOURS.map((value) => (
              <option key={value} value={value}>
                {value < 48 ? `${value} h` : `${value / 24} days`}
              </option>
            ))}
          </select>
          around it
        </label>
      </div>
      {scope.isPending ? (
        <Loading what="other events" />
      ) : scope.isError ? (
        <ErrorState error={scope.error} what="other events" onRetry={() => void scope.refetch()} />
      ) : scope.data.tables.every((table) => table.rows.length === 0) ? (
        <EmptyState title="Nothing else">Its entities did nothing else that was logged in this time. Try a longer one.</EmptyState>
      ) : (
        <TableList data={scope.data} incident={number} />
      )}
    </>
  );
}
