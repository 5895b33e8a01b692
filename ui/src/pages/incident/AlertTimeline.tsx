import { useState } from "react";
import { useOpenAlert } from "../../api/queries";
import type { Alert, Incident } from "../../api/types";
import { SeverityBadge, spaced } from "../../components/badges";
import { LogText } from "../../components/LogText";
import { EmptyState } from "../../components/states";
import { Time } from "../../components/Time";
import { useToasts } from "../../components/toasts";
import { visible } from "../../text/visible";
import { AlertDetail } from "./AlertDetail";

const ORIGIN: Record<Alert["origin"], string> = { sigma: "Sigma rule", scheduled: "Scheduled rule", nrt: "Near-real-time rule", native: "Native" };

/** The alerts in the order of what they tell about. Opening one acknowledges it. */
export function AlertTimeline({ incident, mayAct }: { incident: Incident; mayAct: boolean }) {
  const note = useOpenAlert(incident.number);
  const toasts = useToasts();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  if (incident.alerts.length === 0) return <EmptyState title="No alerts">They may have been moved by a merge: see the activity.</EmptyState>;

  const toggle = (alert: Alert) => {
    const next = new Set(opened);
    if (!next.delete(alert.id)) next.add(alert.id);
    setOpened(next);
    if (next.has(alert.id) && !alert.acknowledged && mayAct) {
      note.mutate(alert.id, { onError: (error) => toasts.failed("Open the alert", error) });
    }
  };
  const alerts = [...incident.alerts].sort((left, right) => Date.parse(left.start_at) - Date.parse(right.start_at));
  return (
    <ol className="timeline">
      {alerts.map((alert) => {
        const open = opened.has(alert.id);
        const joined = incident.joined_because.filter((entry) => entry.alert_id === alert.id);
        return (
          <li key={alert.id} className={`timeline-item severity-edge-${alert.severity.toLowerCase()}`} data-testid="alert">
            <button type="button" className="timeline-head" aria-expanded={open} onClick={() => toggle(alert)}>
              <span className="timeline-when">
                <Time at={alert.start_at} />
              </span>
              <span className="timeline-what" title={visible(alert.name)}>
                <LogText value={alert.name} className="timeline-name" />
                <span className="small muted">
                  {alert.origin === "native" ? (
                    <LogText value={[alert.vendor, alert.product].filter(Boolean).join(" · ") || "Native alert"} />
                  ) : (
                    ORIGIN[alert.origin]
                  )}
                  {alert.tactics.length > 0 ? " · " : ""}
                  <LogText value={alert.tactics.map(spaced).join(", ")} />
                  {` · ${alert.evidence_count} evidence ${alert.evidence_count === 1 ? "row" : "rows"}`}
                </span>
              </span>
              <span className="timeline-marks">
                {alert.acknowledged ? null : <span className="badge badge-new">Unopened</span>}
                <SeverityBadge severity={alert.severity} />
                <span className="chevron" aria-hidden="true" />
              </span>
            </button>
            {open ? <AlertDetail alert={alert} joined={joined.map((entry) => entry.reason)} /> : null}
          </li>
        );
      })}
    </ol>
  );
}
