/** Hostile values in every column of the queue and every part of the incident page: text stays text. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { MemoryRouter } from "react-router-dom";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Alert, Incident, IncidentListItem, Metric } from "./api/types";
import { PriorityParts } from "./components/PriorityBadge";
import { RowInspector } from "./components/grid/RowInspector";
import { ToastProvider } from "./components/toasts";
import { ActivityPanel } from "./pages/incident/ActivityPanel";
import { AlertDetail } from "./pages/incident/AlertDetail";
import { EntityPanel } from "./pages/incident/EntityPanel";
import { IncidentHead } from "./pages/incident/IncidentHead";
import { QueueRow } from "./pages/queue/QueueRow";
import { PreferencesProvider } from "./theme/preferences";

const EVIL = `<img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a></script><script>alert(1)</script> https://evil.example \u202egpj.exe\u0000\u001b[31m "' =1+1`;
/** Stands where the type wants one of few words: a broken or hostile server may send anything. */
const evil = EVIL as never;

const metric: Metric = { seconds: null, from: evil, to: evil, state: "missing", note: EVIL };
const entity = { key: EVIL, kind: EVIL, label: EVIL, identifiers: { [EVIL]: EVIL }, criticality: 0, sensitivity: EVIL, identity: EVIL, alerts: [EVIL], reason: EVIL };
const alert: Alert = {
  id: EVIL,
  name: EVIL,
  description: EVIL,
  severity: evil,
  origin: "native",
  rule_id: EVIL,
  vendor: EVIL,
  product: EVIL,
  created_at: EVIL,
  received_at: EVIL,
  start_at: EVIL,
  end_at: EVIL,
  tactics: [EVIL],
  techniques: [EVIL],
  entities: [{ kind: EVIL, label: EVIL, identifiers: {} }],
  evidence_count: 1,
  query: EVIL,
  query_from: EVIL,
  query_to: EVIL,
  acknowledged: false,
  link: "javascript:alert(1)",
  remediation_steps: [EVIL],
  custom_details: { [EVIL]: EVIL, nested: { a: [EVIL] } },
  acknowledged_at: EVIL,
  tta: metric,
  joined_because: EVIL,
  backfill: true,
};
const item: IncidentListItem = {
  number: 1,
  title: EVIL,
  status: evil,
  severity: evil,
  priority: 50,
  owner: EVIL,
  created_at: EVIL,
  first_activity_at: EVIL,
  last_activity_at: EVIL,
  alerts: 1,
  environments: [EVIL],
  tactics: [EVIL],
  entities: [{ kind: EVIL, label: EVIL }],
  acknowledged: false,
  acknowledged_at: EVIL,
  age_seconds: 1,
  classification: evil,
  labels: [EVIL],
  backfill: true,
  merged_into: 2,
  version: 1,
};
const incident: Incident = {
  ...item,
  description: EVIL,
  priority_parts: [{ name: EVIL, points: 1, max: 2, reason: EVIL }],
  clock: { tta: metric, ttc: metric, ttr: metric, time_to_recover: metric, time_to_detect: metric, dwell: metric },
  alerts: [alert],
  entities: [entity],
  links: [{ from: EVIL, to: EVIL, reason: EVIL }],
  missing_links: [{ entity: EVIL, reason: EVIL }],
  comments: [{ at: EVIL, author: EVIL, text: EVIL }],
  activity: [{ id: 1, at: EVIL, actor: EVIL, actor_kind: evil, action: EVIL, from: EVIL, to: EVIL, comment: EVIL }],
  classification_reason: EVIL,
  techniques: [EVIL],
  products: [EVIL],
  joined_because: [{ alert_id: EVIL, reason: EVIL }],
};

const ignore = () => undefined;
const PARTS: [string, ReactNode][] = [
  ["queue row", <QueueRow key="" item={item} selected={false} aged={0} top={0} index={0} mayAct onSelect={ignore} onOpen={ignore} onAcknowledge={ignore} />],
  ["incident head", <IncidentHead key="" incident={incident} />],
  ["priority parts", <PriorityParts key="" parts={incident.priority_parts} />],
  ["entities", <EntityPanel key="" incident={incident} />],
  ["alert", <AlertDetail key="" alert={alert} joined={[EVIL]} />],
  ["activity", <ActivityPanel key="" incident={incident} mayAct busy={false} onComment={ignore} />],
  ["row", <RowInspector key="" columns={[{ name: EVIL, type: EVIL }, { name: "t", type: "datetime" }]} row={[EVIL, EVIL]} label={"row 1"} onClose={ignore} />],
];

beforeAll(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: ignore });
  vi.stubGlobal("window", { matchMedia: () => ({ matches: true }) });
});
afterAll(() => vi.unstubAllGlobals());

describe("hostile values", () => {
  it.each(PARTS)("stay text in the %s", (_name, part) => {
    const html = renderToStaticMarkup(
      <QueryClientProvider client={new QueryClient()}>
        <PreferencesProvider>
          <ToastProvider>
            <MemoryRouter>{part}</MemoryRouter>
          </ToastProvider>
        </PreferencesProvider>
      </QueryClientProvider>,
    );
    expect(html).toContain("&lt;img src=x");
    expect(html).not.toMatch(/<(img|script|iframe|svg)\b/i);
    expect(html.replace(/="[^"]*"/g, '=""')).not.toMatch(/<[^>]*\son\w+=/i);
    expect([...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1]?.charAt(0)).filter((first) => first !== "/")).toEqual([]);
    // Attributes hold the original only where the browser shows nothing of it: identifiers and machine-readable times.
    const shown = html.replace(/ (id|dateTime|datetime|class)="[^"]*"/g, "");
    // eslint-disable-next-line no-control-regex
    expect(shown).not.toMatch(/[\p{Bidi_Control}\u0000\u001b]/u);
  });
});
