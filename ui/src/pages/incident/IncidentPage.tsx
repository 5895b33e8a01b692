import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router-dom";
import { ApiError } from "../../api/client";
import { useIncident, useIncidentAction, useSession, useUsers } from "../../api/queries";
import type { ActionBody, Incident } from "../../api/types";
import { spaced } from "../../components/badges";
import { useHotkeys } from "../../components/hotkeys";
import { LogText } from "../../components/LogText";
import { PriorityParts } from "../../components/PriorityBadge";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { useTitle } from "../../components/useTitle";
import { ActionBar } from "./ActionBar";
import { actionsFor, DONE_TEXT, recoverTarget, type ActionName } from "./actions";
import { ActivityPanel } from "./ActivityPanel";
import { AlertTimeline } from "./AlertTimeline";
import { ClockStrip } from "./ClockStrip";
import { AssignDialog, CloseDialog, CommentDialog, MergeDialog } from "./dialogs";
import { EntityPanel } from "./EntityPanel";
import { Evidence, Scope } from "./EvidenceTables";
import { IncidentHead } from "./IncidentHead";

export function IncidentPage() {
  const number = Number(useParams()["number"]);
  const incident = useIncident(number);
  if (!Number.isInteger(number) || number < 1) return <NoSuchIncident />;
  if (incident.isPending) return <Loading what={`incident #${number}`} />;
  if (incident.isError && !incident.data) {
    if (incident.error instanceof ApiError && incident.error.status === 404) return <NoSuchIncident />;
    return <ErrorState error={incident.error} what={`incident #${number}`} onRetry={() => void incident.refetch()} />;
  }
  return <IncidentView key={number} incident={incident.data} />;
}

function NoSuchIncident() {
  return (
    <EmptyState title="There is no such incident">
      It may have been merged into another. <Link to="/">Go to the queue</Link> and search for it.
    </EmptyState>
  );
}

const TABS = ["alerts", "evidence", "scope", "activity"] as const;
type Tab = (typeof TABS)[number];
type DialogName = "close" | "assign" | "merge" | "comment";
const DIALOGS = { close: CloseDialog, assign: AssignDialog, merge: MergeDialog, comment: CommentDialog };
const isDialog = (name: ActionName): name is DialogName => name in DIALOGS;

function IncidentView({ incident }: { incident: Incident }) {
  useTitle(`#${incident.number} ${incident.title}`);
  const navigate = useNavigate();
  const toasts = useToasts();
  const { data: session } = useSession();
  const change = useIncidentAction(incident.number);
  // Asked for now, so that the list is there when somebody is to be named.
  useUsers();
  const [tab, setTab] = useState<Tab>("alerts");
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const mayAct = session?.user.role !== "reader";
  const actions = actionsFor(incident);

  const send = (action: ActionName, body?: ActionBody, done?: () => void) =>
    change.mutate(
      { action, ...(body ? { body } : {}) },
      {
        onSuccess: (changed) => {
          setDialog(null);
          done?.();
          toasts.done(`Incident #${incident.number} ${DONE_TEXT[action]}`);
          if (changed.number !== incident.number) void navigate(`/incidents/${changed.number}`);
        },
        // A form stays open with what was typed, and shows the error itself.
        onError: (error) => {
          if (!dialog) toasts.failed(`${action} #${incident.number}`, error);
        },
      },
    );
  const act = (name: ActionName) => {
    if (isDialog(name)) {
      change.reset();
      setDialog(name);
    } else if (name === "recover") send(name, { state: recoverTarget(incident.status) });
    else send(name);
  };

  useHotkeys(({ key }) => {
    const action = actions.find((one) => one.key === key);
    const byNumber = TABS[Number(key) - 1];
    if (action) {
      if (!mayAct) toasts.failed(action.label, new Error("your role may only read"));
      else if (!change.isPending) act(action.name);
    } else if (byNumber) setTab(byNumber);
    else if (key === "u" || key === "Escape") void navigate("/");
    else return false;
    return true;
  });

  const Form = dialog ? DIALOGS[dialog] : null;
  const count: Record<Tab, number | null> = {
    alerts: incident.alerts.length,
    evidence: incident.alerts.reduce((sum, alert) => sum + alert.evidence_count, 0),
    scope: null,
    activity: incident.activity.length,
  };
  return (
    <article className="incident" data-testid="incident" data-number={incident.number}>
      <IncidentHead incident={incident} />
      {mayAct ? <ActionBar actions={actions} busy={change.isPending} onAction={act} /> : <p className="small muted incident-reader">You may read this incident, not change it.</p>}
      <ClockStrip clock={incident.clock} />
      <div className="incident-columns">
        <div className="incident-main">
          {incident.description ? (
            <p className="incident-description">
              <LogText value={incident.description} multiline />
            </p>
          ) : null}
          <div className="tabs" role="tablist" aria-label="About this incident">
            {TABS.map((name, index) => (
              <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={tab === name} aria-controls="tab-panel" onClick={() => setTab(name)}>
                {name.charAt(0).toUpperCase() + name.slice(1)} {count[name] === null ? null : <span className="muted">{count[name]}</span>}
                <kbd>{index + 1}</kbd>
              </button>
            ))}
          </div>
          <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
            {tab === "alerts" ? <AlertTimeline incident={incident} mayAct={mayAct} /> : null}
            {tab === "evidence" ? <Evidence number={incident.number} /> : null}
            {tab === "scope" ? <Scope number={incident.number} /> : null}
            {tab === "activity" ? (
              <ActivityPanel incident={incident} mayAct={mayAct} busy={change.isPending} onComment={(text, done) => send("comment", { text }, done)} />
            ) : null}
          </div>
        </div>
        <aside className="incident-side">
          <section className="card" aria-labelledby="why">
            <h2 id="why">
              Why this priority <span className="muted mono">{Math.round(incident.priority)} / 100</span>
            </h2>
            <PriorityParts parts={incident.priority_parts} />
            {incident.tactics.length > 0 ? (
              <p className="small muted">
                Tactics seen: <LogText value={incident.tactics.map(spaced).join(" → ")} />
              </p>
            ) : null}
          </section>
          <EntityPanel incident={incident} />
        </aside>
      </div>
      {Form && dialog ? <Form incident={incident} error={change.error} onClose={() => setDialog(null)} onSubmit={(body) => send(dialog, body)} /> : null}
    </article>
  );
}
