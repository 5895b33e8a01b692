import { useMemo, useState } from "react";
import { useRules } from "../api/queries";
import type { Rule } from "../api/types";
import { SeverityBadge, spaced } from "../components/badges";
import { LogText } from "../components/LogText";
import { EmptyState, ErrorState, Loading } from "../components/states";
import { useTitle } from "../components/useTitle";
import { Time } from "../components/Time";

const STATE: Record<Rule["state"], { label: string; tone: string }> = {
  ready: { label: "Ready", tone: "good" },
  no_data: { label: "No data", tone: "warning" },
  unroutable: { label: "Unroutable", tone: "warning" },
  broken: { label: "Broken", tone: "bad" },
};
const KIND: Record<Rule["kind"], string> = { sigma: "Sigma, on the stream", scheduled: "Scheduled", nrt: "Near real time" };
/** What needs a person comes first. */
const ORDER: Record<Rule["state"], number> = { broken: 0, unroutable: 1, no_data: 2, ready: 3 };
const SHOWN = 500;

export function RulesPage() {
  useTitle("Rules");
  const rules = useRules();
  const [search, setSearch] = useState("");
  const [state, setState] = useState<Rule["state"] | "">("");
  const wanted = search.trim().toLowerCase();
  const items = useMemo(() => rules.data?.items ?? [], [rules.data]);
  const shown = useMemo(
    () =>
      items
        .filter((rule) => !state || rule.state === state)
        .filter((rule) => !wanted || `${rule.name} ${rule.id} ${rule.path} ${rule.tactics.join(" ")}`.toLowerCase().includes(wanted))
        .sort((left, right) => ORDER[left.state] - ORDER[right.state] || right.hits - left.hits || left.name.localeCompare(right.name)),
    [items, state, wanted],
  );
  return (
    <section className="plain-page">
      <div className="toolbar">
        <h1>Rules</h1>
        <input type="search" aria-label="Search rules" placeholder="Search name, tactic, file" value={search} onChange={(event) => setSearch(event.target.value)} />
        <div className="segments" role="group" aria-label="State">
          <button type="button" aria-pressed={state === ""} onClick={() => setState("")}>
            All <span className="muted">{items.length}</span>
          </button>
          {(Object.keys(STATE) as Rule["state"][]).map((name) => (
            <button key={name} type="button" aria-pressed={state === name} onClick={() => setState(name)}>
              {STATE[name].label} <span className="muted">{items.filter((rule) => rule.state === name).length}</span>
            </button>
          ))}
        </div>
      </div>
      {rules.isPending ? (
        <Loading what="the rules" />
      ) : rules.isError ? (
        <ErrorState error={rules.error} what="the rules" onRetry={() => void rules.refetch()} />
      ) : shown.length === 0 ? (
        <EmptyState title={items.length === 0 ? "No rules are loaded" : "No rule matches"}>
          {items.length === 0 ? (
            <>
              Put Sigma or Sentinel rules into the rules folder, and check them with <code>watchfloor rules check PATH</code>.
            </>
          ) : (
            "Change the search or the state above."
          )}
        </EmptyState>
      ) : (
        <div className="table-scroll" role="region" aria-label="Rules" tabIndex={0}>
          <table className="table">
            <thead>
              <tr>
                <th>State</th>
                <th>Rule</th>
                <th>Kind</th>
                <th>Severity</th>
                <th>Tactics</th>
                <th className="number">Hits</th>
                <th>Last run</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, SHOWN).map((rule) => (
                <RuleRow key={rule.id} rule={rule} />
              ))}
            </tbody>
          </table>
          {shown.length > SHOWN ? <p className="small muted pad">{shown.length - SHOWN} more: search to see them.</p> : null}
        </div>
      )}
    </section>
  );
}

/** Rules on the stream have no runs: they see every event as it comes. */
function LastRun({ rule }: { rule: Rule }) {
  if (rule.last_run) return <Time at={rule.last_run} />;
  return <span className="muted nowrap">{rule.kind === "sigma" ? "every event" : "not run yet"}</span>;
}

function RuleRow({ rule }: { rule: Rule }) {
  const { label, tone } = STATE[rule.state];
  return (
    <tr className={rule.enabled ? undefined : "row-off"}>
      <td>
        <span className={`tone tone-${tone}`}>
          <i aria-hidden="true" />
          {label}
        </span>
        {rule.enabled ? null : <div className="small muted">switched off</div>}
      </td>
      <td className="wide">
        <LogText value={rule.name} className="strong" />
        <div className="small muted">
          <LogText value={rule.path || rule.id} className="mono" />
        </div>
        {rule.reason ? (
          <div className={`small ${tone === "bad" ? "error-text" : "muted"}`}>
            <LogText value={rule.reason} multiline />
          </div>
        ) : null}
      </td>
      <td>{KIND[rule.kind]}</td>
      <td>
        <SeverityBadge severity={rule.severity} />
      </td>
      <td className="small">
        <LogText value={rule.tactics.map(spaced).join(", ")} />
      </td>
      <td className="number mono">{rule.hits.toLocaleString("en")}</td>
      <td className="small">
        <LastRun rule={rule} />
      </td>
    </tr>
  );
}
