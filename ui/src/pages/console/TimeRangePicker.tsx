import { useState } from "react";
import { fromInputValue, localZoneName, toInputValue } from "../../text/time";
import { usePreferences } from "../../theme/preferences";
import { SPANS, type TimeRange } from "./timeRange";

interface Props {
  range: TimeRange;
  onChange: (range: TimeRange) => void;
}

const HOUR_MS = 3_600_000;

export function TimeRangePicker({ range, onChange }: Props) {
  const { zone } = usePreferences();
  const choose = (value: string) => {
    if (value === "query") onChange({ kind: "query" });
    else if (value === "between") {
      const now = Date.now();
      onChange({ kind: "between", from: new Date(now - 24 * HOUR_MS).toISOString(), to: new Date(now).toISOString() });
    } else onChange({ kind: "last", span: value });
  };
  const zoneName = zone === "utc" ? "UTC" : localZoneName(new Date());
  return (
    <span className="range">
      <select aria-label="Time range" value={range.kind === "last" ? range.span : range.kind} onChange={(event) => choose(event.target.value)}>
        {SPANS.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
        <option value="query">Set in the query</option>
        <option value="between">From … to …</option>
      </select>
      {range.kind === "between" ? (
        <>
          <TimeField label={`From, ${zoneName}`} at={range.from} onChange={(from) => onChange({ ...range, from })} />
          <span className="muted">to</span>
          <TimeField label={`To, ${zoneName}`} at={range.to} onChange={(to) => onChange({ ...range, to })} />
          <span className="muted small">{zoneName}</span>
        </>
      ) : null}
    </span>
  );
}

interface TimeFieldProps {
  label: string;
  at: string;
  onChange: (at: string) => void;
}

/** A time as text: the same order of its parts for everybody, whatever the browser's language. */
function TimeField({ label, at, onChange }: TimeFieldProps) {
  const { zone } = usePreferences();
  const [typed, setTyped] = useState<string | null>(null);
  const wrong = typed !== null && fromInputValue(typed, zone) === null;
  return (
    <input
      className="time-field mono"
      aria-label={label}
      aria-invalid={wrong}
      title={wrong ? "Write it as 2026-11-24 04:37:51" : label}
      placeholder="2026-11-24 04:37:51"
      value={typed ?? toInputValue(at, zone)}
      onChange={(event) => {
        setTyped(event.target.value);
        const instant = fromInputValue(event.target.value, zone);
        if (instant) onChange(instant);
      }}
      onBlur={() => {
        if (!wrong) setTyped(null);
      }}
    />
  );
}
