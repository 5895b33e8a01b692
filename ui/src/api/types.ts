/**
 * The bodies of the server's HTTP API, by hand.
 *
 * One file on purpose: when `schema.d.ts` is generated from the server's OpenAPI document, this file becomes a list of
 * aliases onto it and nothing else changes. Times are RFC 3339 in UTC; durations are seconds.
 */

export type Instant = string;

export type Role = "admin" | "analyst" | "reader";
export type Severity = "High" | "Medium" | "Low" | "Informational";
export type IncidentStatus = "New" | "Active" | "Contained" | "Remediated" | "Recovering" | "Recovered" | "Closed";
export type Classification = "TruePositive" | "BenignPositive" | "FalsePositive" | "Undetermined";

export interface Diagnostic {
  code: string;
  severity: string;
  message: string;
  /** Byte offsets into the UTF-8 text of the query. */
  start: number;
  end: number;
  line: number;
  column: number;
  hint?: string | null;
}

export interface ErrorBody {
  error: { code: string; message: string; hint?: string | null; diagnostics?: Diagnostic[] | null };
}

export interface Session {
  user: { name: string; role: Role; must_change_password: boolean };
  csrf: string;
}

export interface Summary {
  open_incidents: number;
  unacknowledged: number;
  by_severity: Record<string, number>;
  median_tta_seconds: number | null;
  median_ttr_seconds: number | null;
  tta_count: number;
  ttr_count: number;
  not_remediated: number;
  server_time: Instant;
  sources: { source: string; rows: number; last_received: Instant | null }[];
}

export interface EntityRef {
  kind: string;
  label: string;
}

export interface IncidentListItem {
  number: number;
  title: string;
  status: IncidentStatus;
  severity: Severity;
  /** 0 to 100. */
  priority: number;
  owner: string | null;
  created_at: Instant;
  first_activity_at: Instant | null;
  last_activity_at: Instant | null;
  /** The number of alerts. */
  alerts: number;
  environments: string[];
  tactics: string[];
  entities: EntityRef[];
  acknowledged: boolean;
  acknowledged_at: Instant | null;
  age_seconds: number;
  classification: Classification | null;
  /** Sent by servers that explain the priority in the list already. */
  priority_parts?: PriorityPart[];
}

export interface IncidentList {
  total: number;
  items: IncidentListItem[];
}

export interface PriorityPart {
  name: string;
  points: number;
  max: number;
  reason: string;
}

export type MetricState = "done" | "running" | "not_applicable" | "missing";

export interface Metric {
  seconds: number | null;
  from: Instant | null;
  to: Instant | null;
  state: MetricState;
  note: string | null;
}

export interface Clock {
  tta: Metric;
  ttc: Metric;
  ttr: Metric;
  time_to_recover: Metric;
  time_to_detect: Metric;
  dwell: Metric;
}

export interface AlertEntity extends EntityRef {
  identifiers: Record<string, unknown>;
}

export interface Alert {
  id: string;
  name: string;
  description: string;
  severity: Severity;
  origin: "sigma" | "scheduled" | "nrt" | "native";
  rule_id: string | null;
  vendor: string | null;
  product: string | null;
  created_at: Instant;
  received_at: Instant | null;
  start_at: Instant | null;
  end_at: Instant | null;
  tactics: string[];
  techniques: string[];
  entities: AlertEntity[];
  evidence_count: number;
  query: string | null;
  query_from: Instant | null;
  query_to: Instant | null;
  acknowledged: boolean;
  link: string | null;
  remediation_steps: string[];
  custom_details: Record<string, unknown>;
}

export interface EntityView {
  key: string;
  kind: string;
  label: string;
  identifiers: Record<string, unknown>;
  criticality: number | null;
  sensitivity: string | null;
  identity: string | null;
  alerts: string[];
  reason: string | null;
}

export interface ActivityEntry {
  at: Instant;
  actor: string;
  actor_kind: "person" | "system" | "rule";
  action: string;
  from: string | null;
  to: string | null;
  comment: string | null;
}

export interface Comment {
  at: Instant;
  author: string;
  text: string;
}

export interface Incident extends Omit<IncidentListItem, "alerts" | "entities"> {
  description: string;
  priority_parts: PriorityPart[];
  clock: Clock;
  alerts: Alert[];
  entities: EntityView[];
  links: { from: string; to: string; reason: string }[];
  missing_links: { entity: string; reason: string }[];
  comments: Comment[];
  activity: ActivityEntry[];
  classification_reason: string | null;
  labels: string[];
  joined_because: { alert_id: string; reason: string }[];
}

export interface Column {
  name: string;
  type: string;
}

/** A cell as the Azure Monitor Logs API sends it: dynamic values and timespans are strings. */
export type Cell = string | number | boolean | null;

export interface Table {
  name: string;
  columns: Column[];
  rows: Cell[][];
}

export interface Tables {
  tables: Table[];
  truncated?: boolean;
}

export interface QueryStatistics {
  elapsed_ms: number;
  rows: number;
  truncated: boolean;
  rows_scanned?: number | null;
}

export interface QueryResult {
  tables: Table[];
  statistics: QueryStatistics;
}

export interface QueryCheck {
  ok: boolean;
  columns: Column[];
  diagnostics: Diagnostic[];
}

export interface SchemaTable {
  name: string;
  columns: Column[];
  rows: number;
}

export interface SchemaFunction {
  name: string;
  signature: string;
  doc: string;
}

export interface Schema {
  tables: SchemaTable[];
  functions: SchemaFunction[];
}

export interface Rule {
  id: string;
  name: string;
  kind: "sigma" | "scheduled" | "nrt";
  severity: Severity;
  state: "ready" | "no_data" | "broken" | "unroutable";
  enabled: boolean;
  reason: string | null;
  tactics: string[];
  last_run: Instant | null;
  hits: number;
  path: string | null;
}

export interface Source {
  source: string;
  table: string;
  rows: number;
  rejects: number;
  filtered: number;
  duplicates: number;
  last_received: Instant | null;
  last_event: Instant | null;
}

export interface Reject {
  reject_id: string;
  source: string;
  file: string | null;
  record: string | number | null;
  reason: string;
  received_at: Instant;
  raw_preview: string;
}

export interface Stat {
  count: number;
  median_seconds: number | null;
  p90_seconds: number | null;
}

export interface MetricGroup {
  key: string;
  incidents: number;
  tta: Stat;
  ttc: Stat;
  ttr: Stat;
  time_to_recover: Stat;
  time_to_detect: Stat;
  dwell: Stat;
  not_remediated: number;
}

export interface Metrics {
  since: string;
  groups: MetricGroup[];
}

export interface User {
  name: string;
  role: Role;
}
