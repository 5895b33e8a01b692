import type { Incident, IncidentStatus } from "../../api/types";

export type ActionName = "acknowledge" | "assign" | "contain" | "remediate" | "recover" | "close" | "reopen" | "merge" | "comment";

export interface ActionView {
  name: ActionName;
  label: string;
  key: string;
  /** The step that usually comes next. */
  primary: boolean;
}

const BEFORE_CONTAINED: readonly IncidentStatus[] = ["New", "Active"];
const BEFORE_REMEDIATED: readonly IncidentStatus[] = ["New", "Active", "Contained"];

/** What can be done with an incident now, in the order of the work; exactly one is the next step. */
export function actionsFor(incident: Pick<Incident, "status" | "acknowledged">): ActionView[] {
  const { status, acknowledged } = incident;
  if (status === "Closed") {
    return [
      { name: "reopen", label: "Reopen", key: "x", primary: true },
      { name: "comment", label: "Comment", key: "c", primary: false },
    ];
  }
  const actions: ActionView[] = [];
  const add = (name: ActionName, label: string, key: string) => actions.push({ name, label, key, primary: false });
  if (!acknowledged) add("acknowledge", "Acknowledge", "a");
  add("assign", "Assign", "o");
  if (BEFORE_CONTAINED.includes(status)) add("contain", "Mark contained", "n");
  if (BEFORE_REMEDIATED.includes(status)) add("remediate", "Mark remediated", "r");
  if (status === "Remediated") add("recover", "Mark recovering", "v");
  if (status === "Recovering") add("recover", "Mark recovered", "v");
  add("close", "Close", "x");
  add("merge", "Merge", "m");
  add("comment", "Comment", "c");
  const order: ActionName[] = ["acknowledge", "contain", "remediate", "recover", "close"];
  const next = order.find((name) => actions.some((action) => action.name === name));
  return actions.map((action) => ({ ...action, primary: action.name === next }));
}

/** The state that the recover action sets next. */
export const recoverTarget = (status: IncidentStatus): "Recovering" | "Recovered" =>
  status === "Remediated" ? "Recovering" : "Recovered";

export const DONE_TEXT: Record<ActionName, string> = {
  acknowledge: "acknowledged",
  assign: "assigned",
  contain: "marked contained",
  remediate: "marked remediated",
  recover: "recovery recorded",
  close: "closed",
  reopen: "reopened",
  merge: "merged",
  comment: "comment added",
};
