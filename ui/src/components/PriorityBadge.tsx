import { useId, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useIncident } from "../api/queries";
import type { PriorityPart } from "../api/types";
import { priorityBand } from "./badges";
import { LogText } from "./LogText";

/** About how high the reasons get; lower on the screen than this they open upwards. */
const POPOVER_PX = 340;

interface Props {
  number: number;
  priority: number;
}

/** The priority, and on hover or focus the parts it is the sum of. */
export function PriorityBadge({ number, priority }: Props) {
  const [anchor, setAnchor] = useState<DOMRect | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = useId();
  const open = (element: HTMLElement, delay: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setAnchor(element.getBoundingClientRect()), delay);
  };
  const close = () => {
    clearTimeout(timer.current);
    setAnchor(null);
  };
  return (
    <>
      <button
        type="button"
        className={`priority priority-${priorityBand(priority)}`}
        aria-label={`Priority ${Math.round(priority)} of 100: show why`}
        aria-describedby={anchor ? id : undefined}
        onMouseEnter={(event) => open(event.currentTarget, 200)}
        onMouseLeave={close}
        onFocus={(event) => open(event.currentTarget, 0)}
        onBlur={close}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !anchor) return;
          event.preventDefault();
          close();
        }}
        onClick={(event) => {
          event.stopPropagation();
          open(event.currentTarget, 0);
        }}
      >
        {Math.round(priority)}
      </button>
      {anchor
        ? createPortal(
            <div
              id={id}
              role="tooltip"
              className="popover"
              style={
                anchor.bottom + POPOVER_PX < window.innerHeight
                  ? { left: anchor.left, top: anchor.bottom + 6 }
                  : { left: anchor.left, bottom: window.innerHeight - anchor.top + 6 }
              }
            >
              <strong>Priority {Math.round(priority)} of 100</strong>
              <FetchedParts number={number} />
            </div>,
            document.body,
          )
        : null}
    </>
  );
}

function FetchedParts({ number }: { number: number }) {
  const { data, isError } = useIncident(number);
  if (data) return <PriorityParts parts={data.priority_parts} />;
  return <p className="muted">{isError ? "The reasons could not be loaded." : "Loading the reasons…"}</p>;
}

/** Each part as a bar of its maximum, with its reason. */
export function PriorityParts({ parts }: { parts: readonly PriorityPart[] }) {
  if (parts.length === 0) return <p className="muted">The server gave no parts.</p>;
  return (
    <ul className="parts">
      {parts.map((part) => (
        <li key={part.name}>
          <div className="part-head">
            <LogText value={part.name} />
            <span className="mono">
              {Math.round(part.points)}
              <span className="muted"> / {Math.round(part.max)}</span>
            </span>
          </div>
          <div className="bar" aria-hidden="true">
            <i style={{ width: `${part.max > 0 ? Math.min(100, (100 * part.points) / part.max) : 0}%` }} />
          </div>
          <LogText value={part.reason} className="part-reason" />
        </li>
      ))}
    </ul>
  );
}
