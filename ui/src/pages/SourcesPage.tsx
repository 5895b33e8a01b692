import { useRejects, useSources } from "../api/queries";
import type { Source } from "../api/types";
import { LogText } from "../components/LogText";
import { EmptyState, ErrorState, Loading } from "../components/states";
import { useTitle } from "../components/useTitle";
import { Time } from "../components/Time";

export function SourcesPage() {
  useTitle("Sources");
  const sources = useSources();
  return (
    <section className="plain-page">
      <div className="toolbar">
        <h1>Sources</h1>
        <span className="muted small">Every record that came in is a row, a duplicate, filtered, or a reject.</span>
      </div>
      <div className="scroll-page" role="region" aria-label="Sources and rejects" tabIndex={0}>
        {sources.isPending ? (
          <Loading what="the sources" />
        ) : sources.isError ? (
          <ErrorState error={sources.error} what="the sources" onRetry={() => void sources.refetch()} />
        ) : sources.data.items.length === 0 ? (
          <EmptyState title="No source has delivered yet">
            Send files with <code>watchfloor ingest PATH</code>, or point a shipper at <code>POST /api/v1/ingest/SOURCE</code>.
          </EmptyState>
        ) : (
          <SourceTable items={sources.data.items} />
        )}
        <h2 className="section-title">Rejects</h2>
        <Rejects />
      </div>
    </section>
  );
}

const count = (value: number) => value.toLocaleString("en");

function SourceTable({ items }: { items: readonly Source[] }) {
  const total = (field: "rows" | "duplicates" | "filtered" | "rejects") => items.reduce((sum, item) => sum + item[field], 0);
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Source</th>
          <th>Table</th>
          <th title="The zone of times that name none">Zone</th>
          <th className="number">Rows</th>
          <th className="number">Duplicates</th>
          <th className="number">Filtered</th>
          <th className="number">Rejects</th>
          <th>Last event</th>
          <th>Last received</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={`${item.source} ${item.table}`}>
            <td className="strong">
              <LogText value={item.source} />
            </td>
            <td>
              <LogText value={item.table.replaceAll(",", ", ")} className="mono" />
            </td>
            <td className="small">
              <LogText value={item.zone} />
            </td>
            <td className="number mono">{count(item.rows)}</td>
            <td className="number mono">{count(item.duplicates)}</td>
            <td className="number mono">{count(item.filtered)}</td>
            <td className={`number mono${item.rejects > 0 ? " error-text" : ""}`}>{count(item.rejects)}</td>
            <td className="small">
              <Time at={item.last_event} />
            </td>
            <td className="small">
              <Time at={item.last_received} />
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td colSpan={3}>All</td>
          <td className="number mono">{count(total("rows"))}</td>
          <td className="number mono">{count(total("duplicates"))}</td>
          <td className="number mono">{count(total("filtered"))}</td>
          <td className="number mono">{count(total("rejects"))}</td>
          <td colSpan={2} />
        </tr>
      </tfoot>
    </table>
  );
}

function Rejects() {
  const rejects = useRejects();
  if (rejects.isPending) return <Loading what="the rejects" />;
  if (rejects.isError) return <ErrorState error={rejects.error} what="the rejects" onRetry={() => void rejects.refetch()} />;
  if (rejects.data.items.length === 0) return <EmptyState title="No rejects">Every record could be read.</EmptyState>;
  return (
    <>
      <p className="small muted pad">
        Kept with their raw bytes in <code>IngestRejects_CL</code>. Once the cause is mended, <code>watchfloor rejects replay</code> reads
        them again.
      </p>
      <table className="table">
        <thead>
          <tr>
            <th>Received</th>
            <th>Source</th>
            <th>Reason</th>
            <th>Where</th>
            <th>Raw</th>
          </tr>
        </thead>
        <tbody>
          {rejects.data.items.map((reject) => (
            <tr key={reject.reject_id}>
              <td className="small nowrap">
                <Time at={reject.received_at} />
              </td>
              <td>
                <LogText value={reject.source} />
              </td>
              <td className="wide">
                <LogText value={reject.reason} />
              </td>
              <td className="small">
                <LogText value={reject.file} className="mono" />
                {reject.record > 0 ? <span className="muted"> record {reject.record.toLocaleString("en")}</span> : null}
              </td>
              <td className="raw">
                <LogText value={reject.raw_preview} className="mono small" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
