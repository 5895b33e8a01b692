import type { IncidentStatus, Severity } from "../api/types";
import { visible } from "../text/visible";

export function SeverityBadge({ severity }: { severity: Severity }) {
  return <span className={`badge severity-${severity.toLowerCase()}`}>{severity === "Informational" ? "Info" : visible(severity)}</span>;
}

export function StatusBadge({ status }: { status: IncidentStatus }) {
  return (
    <span className={`status status-${status.toLowerCase()}`}>
      <i aria-hidden="true" />
      {visible(status)}
    </span>
  );
}

const ENVIRONMENTS: Record<string, string> = {
  "on-premises": "On-prem",
  azure: "Azure",
  aws: "AWS",
  gcp: "GCP",
  m365: "M365",
};

export function EnvironmentChips({ environments }: { environments: readonly string[] }) {
  return (
    <span className="chips">
      {environments.map((environment) => (
        <span key={environment} className="chip">
          {ENVIRONMENTS[environment] ?? visible(environment)}
        </span>
      ))}
    </span>
  );
}

/** `CredentialAccess` as `Credential Access`, safe to show. */
export function spaced(name: string): string {
  return visible(name.replace(/([a-z])([A-Z])/g, "$1 $2"));
}

export const priorityBand = (priority: number): "critical" | "high" | "medium" | "low" =>
  priority >= 80 ? "critical" : priority >= 60 ? "high" : priority >= 35 ? "medium" : "low";
