import { useState } from "react";
import { useMetrics } from "../../api/queries";
import type { MetricGroup, MetricsBy, Stat } from "../../api/types";
import { LogText } from "../../components/LogText";
import { useTitle } from "../../components/useTitle";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { formatDuration } from "../../text/time";
import { Chart, type MetricField } from "./Chart";

const BY: readonly [MetricsBy, string][] = [
  ["severity", "Severity"],
  ["tier", "Tier"],
  ["source", "Source"],
  ["rule", "Rule"],
  ["owner", "Owner"],
  ["shift", "Shift"],
];
const SINCE: readonly [string, string][] = [
  ["24h", "24 hours"],
  ["7d", "7 days"],
  ["30d", "30 days"],
  ["90d", "90 days"],
];
const COLUMNS: readonly [MetricField, string, string][] = [
  ["tta", "TTA", "first alert → first person takes it"],
  ["ttc", "TTC", "first alert → contained; true positives"],
  ["ttr", "TTR", "first alert → remediated; true positives"],
  ["time_to_recover", "Recover", "remediated → recovered; true positives"],
  ["time_to_detect", "Detect", "first malicious event → first alert"],
  ["dwell", "Dwell", "first malicious event → contained; true positives"],
];

const SEVERITIES = ["High", "Medium", "Low", "Informational"];

/** Severities in their order rather than the alphabet's; other groups as the server sends them. */
const ordered = (groups: readonly MetricGroup[], by: MetricsBy): readonly MetricGroup[] =>
  by === "severity" ? [...groups].sort((left, right) => SEVERITIES.indexOf(left.key) - SEVERITIES.indexOf(right.key)) : groups;

export default function MetricsPage() {
  useTitle("Metrics");
  const [by, setBy] = useState<MetricsBy>("severity");
  const [since, setSince] = useState("30d");
  const metrics = useMetrics(since, by);
  return (
    <section className="plain-page">
      <div className="toolbar">
        <h1>Metrics</h1>
        <div className="segments" role="group" aria-label="Group by">
          {BY.map(([value, label]) => (
            <button key={value} type="button" aria-pressed={by === value} onClick={() => setBy(value)}>
              {label}
            </button>
          ))}
        </div>
        <div className="segments" role="group" aria-label="Incidents of the last">
          {SINCE.map(([value, label]) => (
            <button key={value} type="button" aria-pressed={since === value} onClick={() => setSince(value)}>
              {label}
            </button>
          ))}
        </div>
      </div>
      <div className="scroll-page" role="region" aria-label="Metrics" tabIndex={0}>
        {metrics.isPending ? (
          <Loading what="the metrics" />
        ) : metrics.isError ? (
          <ErrorState error={metrics.error} what="the metrics" onRetry={() => void metrics.refetch()} />
        ) : metrics.data.groups.length === 0 ? (
          <EmptyState title="No incidents in this time">Choose a longer time above. Figures appear once an incident is acknowledged.</EmptyState>
        ) : (
          <Figures groups={ordered(metrics.data.groups, by)} by={BY.find(([value]) => value === by)?.[1] ?? by} />
        )}
      </div>
    </section>
  );
}

function Figures({ groups, by }: { groups: readonly MetricGroup[]; by: string }) {
  return (
    <>
      <div className="charts">
        <Chart title="Time to acknowledge" groups={groups} field="tta" />
        <Chart title="Time to contain" groups={groups} field="ttc" />
        <Chart title="Time to remediate" groups={groups} field="ttr" />
      </div>
      <table className="table" data-testid="metrics-table">
        <thead>
          <tr>
            <th>{by}</th>
            <th className="number">Incidents</th>
            {COLUMNS.map(([field, name, meaning]) => (
              <th key={field} className="number" title={meaning}>
                {name}
              </th>
            ))}
            <th className="number">Not remediated</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={group.key}>
              <td className="strong wide">{group.key ? <LogText value={group.key} /> : <span className="muted">none</span>}</td>
              <td className="number mono">{group.incidents}</td>
              {COLUMNS.map(([field]) => (
                <td key={field} className="number">
                  <StatCell stat={group[field]} />
                </td>
              ))}
              <td className={`number mono${group.not_remediated > 0 ? " error-text" : ""}`}>{group.not_remediated}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="small muted pad">
        Each cell: median, 90th percentile, and how many incidents are in it. TTC, TTR, recover and dwell count true positives only; data
        brought in later stays out.
      </p>
    </>
  );
}

function StatCell({ stat }: { stat: Stat }) {
  if (stat.count === 0) return <span className="muted">–</span>;
  return (
    <>
      <div className="mono">{formatDuration(stat.median_seconds)}</div>
      <div className="small muted">
        <span className="nowrap">p90 {formatDuration(stat.p90_seconds)}</span> <span className="nowrap">n {stat.count}</span>
      </div>
    </>
  );
}
