import { useState, type FormEvent } from "react";
import type { Incident } from "../../api/types";
import { spaced } from "../../components/badges";
import { LogText } from "../../components/LogText";
import { visible } from "../../text/visible";
import { Time } from "../../components/Time";

interface Props {
  incident: Incident;
  mayAct: boolean;
  busy: boolean;
  /** Calls `done` once the server has the comment, so that nothing typed is lost before. */
  onComment: (text: string, done: () => void) => void;
}

/** The history, newest first. Comments are part of it. */
const entries = (incident: Incident) =>
  [...incident.activity].sort((left, right) => Date.parse(right.at) - Date.parse(left.at) || right.id - left.id);

export function ActivityPanel({ incident, mayAct, busy, onComment }: Props) {
  const [text, setText] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!text.trim()) return;
    onComment(text.trim(), () => setText(""));
  };
  return (
    <>
      {mayAct ? (
        <form className="comment-form" onSubmit={send}>
          <textarea
            rows={2}
            aria-label="Comment"
            placeholder="Write what you found or did; the next shift reads it"
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
            }}
          />
          <button type="submit" className="button" disabled={busy || !text.trim()}>
            Comment <kbd>Ctrl Enter</kbd>
          </button>
        </form>
      ) : null}
      <ol className="activity">
        {entries(incident).map((entry) => (
          <li key={entry.id} className={`activity-${entry.actor_kind}`}>
            <div className="activity-line">
              <LogText value={entry.actor} className="activity-actor" />
              {entry.actor_kind === "person" ? null : <span className="chip">{visible(entry.actor_kind)}</span>}
              <span>{spaced(entry.action).replaceAll("_", " ")}</span>
              {entry.from || entry.to ? (
                <span className="muted">
                  <LogText value={entry.from || "–"} /> → <LogText value={entry.to || "–"} />
                </span>
              ) : null}
              <span className="spacer" />
              <span className="small muted">
                <Time at={entry.at} />
              </span>
            </div>
            {entry.comment ? (
              <div className="activity-comment">
                <LogText value={entry.comment} multiline />
              </div>
            ) : null}
          </li>
        ))}
      </ol>
    </>
  );
}
