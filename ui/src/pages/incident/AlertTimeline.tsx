import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client";
import { keys } from "../../api/queries";
import type { Alert, Incident } from "../../api/types";
import { SeverityBadge, spaced } from "../../components/badges";
import { LogText } from "../../components/LogText";
import { EmptyState } from "../../components/states";
import { Time } from "../../components/Time";
import { useToasts } from "../../components/toasts";
import { AlertDetail } from "./AlertDetail";

const ORIGIN: Record<Alert["origin"], string> = { sigma: "Sigma rule", scheduled: "Scheduled rule", nrt: "Near-real-time rule", native: "Native" };

const began = (alert: Alert): string => alert.start_at ?? alert.created_at;

/** The alerts in the order of what they tell about. Opening one acknowledges it. */
export function AlertTimeline({ incident, mayAct }: { incident: Incident; mayAct: boolean }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  if (incident.alerts.length === 0) return <EmptyState title="No alerts">They may have been moved by a merge: see the activity.</EmptyState>;

  const toggle = (alert: Alert) => {
    const next = new Set(opened);
    if (!next.delete(alert.id)) next.add(alert.id);
    setOpened(next);
    if (next.has(alert.id) && !alert.acknowledged && mayAct) {
      post(`/api/v1/alerts/${encodeURIComponent(alert.id)}/open`).then(
        () => {
          void client.invalidateQueries({ queryKey: keys.incident(incident.number) });
          void client.invalidateQueries({ queryKey: keys.summary });
        },
        (error: unknown) => toasts.failed("Open the alert", error),
      );
    }
  };
  const alerts = [...incident.alerts].sort((left, right) => Date.parse(began(left)) - Date.parse(began(right)));
  return (
    <ol className="timeline">
      {alerts.map((alert) => {
        const open = opened.has(alert.id);
        const joined = incident.joined_because.filter((entry) => entry.alert_id === alert.id);
        return (
          <li key={alert.id} className={`timeline-item severity-edge-${alert.severity.toLowerCase()}`} data-testid="alert">
            <button type="button" className="timeline-head" aria-expanded={open} onClick={() => toggle(alert)}>
              <span className="timeline-when">
                <Time at={began(alert)} />
              </span>
              <span className="timeline-what">
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
