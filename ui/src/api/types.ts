/**
 * Names for the shapes of the API. All of them are made from the server's OpenAPI document (`schema.ts`, refreshed by
 * `make api`); nothing is written by hand here. Times are RFC 3339 in UTC; durations are seconds.
 */
import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type Role = Schemas["Role"];
export type Severity = Schemas["Severity"];
export type IncidentStatus = Schemas["IncidentStatus"];
export type Classification = Schemas["Classification"];

export type ErrorBody = Schemas["ErrorBody"];
export type Diagnostic = Schemas["Diagnostic"];

export type Session = Schemas["SessionView"];
export type Summary = Schemas["SummaryView"];
export type IncidentChange = Schemas["IncidentChange"];

export type IncidentList = Schemas["IncidentList"];
export type IncidentListItem = Schemas["IncidentItem"];
export type Incident = Schemas["IncidentView"];
export type PriorityPart = Schemas["PriorityPart"];
export type Clock = Schemas["ClockView"];
export type Metric = Schemas["MetricView"];
export type Alert = Schemas["AlertView"];
export type EntityView = Schemas["EntityView"];
export type ActivityEntry = Schemas["ActivityView"];
export type ActionBody = Schemas["ActionBody"];

export type Column = Schemas["ColumnView"];
export type Cell = Schemas["Cell"];
export type Table = Schemas["Table"];
export type Tables = Schemas["Rows"];
export type QueryResult = Schemas["QueryAnswer"];
export type Schema = Schemas["SchemaAnswer"];
export type Completion = Schemas["CompletionView"];
export type SchemaTable = Schemas["TableView"];
export type SchemaFunction = Schemas["FunctionView"];

export type Rule = Schemas["RuleView"];
export type Source = Schemas["SourceView"];

export type MetricGroup = Schemas["MetricGroupView"];
export type Stat = Schemas["StatView"];

type Query<O extends { parameters: { query?: unknown } }> = NonNullable<O["parameters"]["query"]>;
type Path<O extends { parameters: { path: unknown } }> = O["parameters"]["path"];

export type QueueScope = NonNullable<Query<operations["get_incidents"]>["status"]>;
export type MetricsBy = NonNullable<Query<operations["get_metrics"]>["by"]>;
export type ServerAction = Path<operations["post_incidents_number_action"]>["action"];
