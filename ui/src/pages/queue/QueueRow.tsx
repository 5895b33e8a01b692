import { memo } from "react";
import { Link } from "react-router-dom";
import type { IncidentListItem } from "../../api/types";
import { EnvironmentChips, SeverityBadge, spaced, StatusBadge } from "../../components/badges";
import { LogText } from "../../components/LogText";
import { PriorityBadge } from "../../components/PriorityBadge";
import { formatDuration, formatInstant } from "../../text/time";
import { visible } from "../../text/visible";
import { usePreferences } from "../../theme/preferences";

interface Props {
  item: IncidentListItem;
  selected: boolean;
  /** Seconds since the server told the age. */
  aged: number;
  top: number;
  index: number;
  mayAct: boolean;
  onSelect: (index: number) => void;
  onOpen: (number: number) => void;
  onAcknowledge: (number: number) => void;
}

const ENTITIES_SHOWN = 4;

export const QueueRow = memo(function QueueRow({ item, selected, aged, top, index, mayAct, onSelect, onOpen, onAcknowledge }: Props) {
  const { zone } = usePreferences();
  const tactics = item.tactics.map(spaced).join(" · ");
  const rest = item.entities.length - ENTITIES_SHOWN;
  return (
    <div
      role="row"
      id={`incident-${item.number}`}
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-testid="incident-row"
      data-number={item.number}
      className={`queue-row${selected ? " queue-row-at" : ""}${item.acknowledged ? "" : " queue-row-new"}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => {
        onSelect(index);
        const own = event.target instanceof Element && event.target.closest("a, button");
        if (!own && !window.getSelection()?.toString()) onOpen(item.number);
      }}
    >
      <div role="gridcell">
        <PriorityBadge number={item.number} priority={item.priority} />
      </div>
      <div role="gridcell" className="queue-stack">
        <SeverityBadge severity={item.severity} />
        <StatusBadge status={item.status} />
      </div>
      <div role="gridcell" className="queue-title">
        <Link to={`/incidents/${item.number}`} tabIndex={-1} title={visible(item.title)}>
          <span className="mono muted">#{item.number}</span> <LogText value={item.title} />
        </Link>
        <div className="queue-entities">
          {item.entities.slice(0, ENTITIES_SHOWN).map((entity, position) => (
            <span key={position} title={visible(`${entity.kind}: ${entity.label}`)}>
              <i>{visible(entity.kind)}</i> <LogText value={entity.label} />
            </span>
          ))}
          {rest > 0 ? <span>+{rest}</span> : null}
        </div>
      </div>
      <div role="gridcell" className="queue-stack">
        <EnvironmentChips environments={item.environments} />
        <span className="ellipsis small muted queue-tactics" title={visible(tactics)}>
          <LogText value={tactics} />
        </span>
      </div>
      <div role="gridcell" className="queue-stack">
        {item.owner ? <LogText value={item.owner} className="ellipsis" /> : <span className="muted">Nobody yet</span>}
        <span className="small muted">
          {item.alerts} {item.alerts === 1 ? "alert" : "alerts"}
        </span>
      </div>
      <div role="gridcell" className="queue-stack queue-age" title={visible(`created ${formatInstant(item.created_at, zone)}`)}>
        <span className="mono">{formatDuration(item.age_seconds + (item.status === "Closed" ? 0 : aged))}</span>
        {item.classification ? <span className="small muted">{spaced(item.classification)}</span> : null}
      </div>
      <div role="gridcell" className="queue-action">
        {item.acknowledged ? (
          <span className="small muted">acknowledged</span>
        ) : mayAct ? (
          <button type="button" className="button button-small" tabIndex={-1} onClick={() => onAcknowledge(item.number)}>
            Acknowledge
          </button>
        ) : (
          <span className="small muted">not yet</span>
        )}
      </div>
    </div>
  );
});
