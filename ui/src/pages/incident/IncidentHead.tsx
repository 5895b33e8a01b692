import { Link } from "react-router-dom";
import type { Incident } from "../../api/types";
import { EnvironmentChips, priorityBand, SeverityBadge, spaced, StatusBadge } from "../../components/badges";
import { LogText } from "../../components/LogText";
import { visible } from "../../text/visible";
import { Time } from "../../components/Time";

export function IncidentHead({ incident }: { incident: Incident }) {
  return (
    <header className="incident-head">
      <div className="crumbs small">
        <Link to="/">← Queue</Link> <kbd>u</kbd>
      </div>
      <div className="incident-title">
        <span className={`priority priority-large priority-${priorityBand(incident.priority)}`} title="Priority, of 100">
          {Math.round(incident.priority)}
        </span>
        <h1 title={visible(incident.title)}>
          <span className="muted mono">#{incident.number}</span> <LogText value={incident.title} />
        </h1>
      </div>
      <div className="incident-facts">
        <SeverityBadge severity={incident.severity} />
        <span data-testid="incident-status">
          <StatusBadge status={incident.status} />
        </span>
        {incident.classification ? <span className="badge badge-plain">{spaced(incident.classification)}</span> : null}
        <EnvironmentChips environments={incident.environments} />
        <span>
          <span className="muted">Owner</span> {incident.owner ? <LogText value={incident.owner} /> : "nobody yet"}
        </span>
        <span>
          <span className="muted">Activity</span> <Time at={incident.first_activity_at} /> <span className="muted">to</span>{" "}
          <Time at={incident.last_activity_at} />
        </span>
        {incident.backfill ? (
          <span className="chip" title="Made of old data only: it stays out of the figures">
            Old data
          </span>
        ) : null}
        {incident.labels.map((label) => (
          <span key={label} className="chip">
            <LogText value={label} />
          </span>
        ))}
      </div>
      {incident.merged_into === null ? null : (
        <p className="notice" data-testid="merged">
          Merged into <Link to={`/incidents/${incident.merged_into}`}>incident #{incident.merged_into}</Link>, which has its alerts now.
        </p>
      )}
      {incident.classification_reason ? (
        <p className="small">
          <span className="muted">Closed because </span>
          <LogText value={incident.classification_reason} />
        </p>
      ) : null}
    </header>
  );
}
