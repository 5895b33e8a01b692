import { useState, type FormEvent, type ReactNode } from "react";
import { useUsers } from "../../api/queries";
import type { ActionBody, Classification, Incident } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { errorText, Loading } from "../../components/states";
import { LogText } from "../../components/LogText";

interface Props {
  incident: Incident;
  /** Why the last attempt failed. */
  error: Error | null;
  onClose: () => void;
  onSubmit: (body: ActionBody) => void;
}

interface FormProps {
  title: string;
  submit: string;
  ready?: boolean;
  error: Error | null;
  onClose: () => void;
  onSubmit: () => void;
  children: ReactNode;
}

function FormDialog({ title, submit, ready = true, error, onClose, onSubmit, children }: FormProps) {
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onSubmit();
  };
  const failure = error ? errorText(error) : null;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={send}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
        }}
      >
        {children}
        {failure ? (
          <div className="form-error" role="alert">
            {failure.message}
            {failure.hint ? <div className="state-hint">{failure.hint}</div> : null}
          </div>
        ) : null}
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel <kbd>Esc</kbd>
          </button>
          <button type="submit" className="button button-primary" disabled={!ready}>
            {submit} <kbd>Ctrl Enter</kbd>
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

const CLASSIFICATIONS: readonly { value: Classification; label: string; help: string }[] = [
  { value: "TruePositive", label: "True positive", help: "An adversary did this. Counts for TTC, TTR, recovery and dwell." },
  { value: "BenignPositive", label: "Benign positive", help: "It happened as detected, and was allowed: a test, an administrator." },
  { value: "FalsePositive", label: "False positive", help: "The rule or its data was wrong. Stays out of TTR." },
  { value: "Undetermined", label: "Undetermined", help: "It can't be told from what is known." },
];

export function CloseDialog({ incident, error, onClose, onSubmit }: Props) {
  const [classification, setClassification] = useState<Classification | "">("");
  const [reason, setReason] = useState("");
  const [comment, setComment] = useState("");
  const open = classification === "TruePositive" && incident.clock.ttr.state !== "done";
  return (
    <FormDialog
      title={`Close incident #${incident.number}`}
      submit="Close incident"
      ready={classification !== ""}
      error={error}
      onClose={onClose}
      onSubmit={() => onSubmit({ classification: classification || null, ...(reason ? { reason } : {}), ...(comment ? { comment } : {}) })}
    >
      <fieldset className="choices">
        <legend>What was it?</legend>
        {CLASSIFICATIONS.map(({ value, label, help }) => (
          <label key={value} className="choice">
            <input type="radio" name="classification" value={value} checked={classification === value} onChange={() => setClassification(value)} />
            <span>
              <strong>{label}</strong>
              <small>{help}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {open ? (
        <p className="form-warning" role="status">
          Not marked remediated. Closing is not remediating: it will count and show as “not remediated”.
        </p>
      ) : null}
      <label>
        <span>
          Reason <span className="muted">(optional)</span>
        </span>
        <input value={reason} onChange={(event) => setReason(event.target.value)} placeholder="Suspicious activity, expected behaviour, wrong rule logic …" />
      </label>
      <label>
        <span>
          Comment <span className="muted">(optional)</span>
        </span>
        <textarea rows={3} value={comment} onChange={(event) => setComment(event.target.value)} />
      </label>
    </FormDialog>
  );
}

export function AssignDialog({ incident, error, onClose, onSubmit }: Props) {
  const users = useUsers();
  const [owner, setOwner] = useState(incident.owner ?? "");
  const names = users.data?.items.filter((user) => user.role !== "reader").map((user) => user.name) ?? [];
  return (
    <FormDialog title={`Assign incident #${incident.number}`} submit="Assign" ready={owner.trim() !== ""} error={error} onClose={onClose} onSubmit={() => onSubmit({ owner: owner.trim() })}>
      {users.isPending ? (
        <Loading what="the users" />
      ) : users.isSuccess ? (
        <fieldset className="choices">
          <legend>Who works on it?</legend>
          {names.map((name) => (
            <label key={name} className="choice">
              <input type="radio" name="owner" value={name} checked={owner === name} onChange={() => setOwner(name)} />
              <LogText value={name} />
            </label>
          ))}
        </fieldset>
      ) : (
        <label>
          Owner {users.isError ? <span className="muted">(the list of users could not be loaded)</span> : null}
          <input value={owner} autoFocus onChange={(event) => setOwner(event.target.value)} />
        </label>
      )}
    </FormDialog>
  );
}

export function MergeDialog({ incident, error, onClose, onSubmit }: Props) {
  const [into, setInto] = useState("");
  const number = Number(into.replace(/^#/, ""));
  const ready = Number.isInteger(number) && number > 0 && number !== incident.number;
  return (
    <FormDialog title={`Merge incident #${incident.number}`} submit="Merge" ready={ready} error={error} onClose={onClose} onSubmit={() => onSubmit({ into: number })}>
      <p>
        Its alerts, entities and history move into another incident, and this one is closed. The clock then starts at the earliest alert
        of the two.
      </p>
      <label>
        Number of the incident that stays
        <input value={into} autoFocus inputMode="numeric" placeholder="12" onChange={(event) => setInto(event.target.value)} />
      </label>
    </FormDialog>
  );
}

export function CommentDialog({ incident, error, onClose, onSubmit }: Props) {
  const [text, setText] = useState("");
  return (
    <FormDialog title={`Comment on incident #${incident.number}`} submit="Add comment" ready={text.trim() !== ""} error={error} onClose={onClose} onSubmit={() => onSubmit({ text: text.trim() })}>
      <label>
        Comment
        <textarea rows={5} value={text} autoFocus onChange={(event) => setText(event.target.value)} />
      </label>
    </FormDialog>
  );
}
