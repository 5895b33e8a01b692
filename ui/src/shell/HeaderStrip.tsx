import { Link } from "react-router-dom";
import { useSession, useSummary } from "../api/queries";
import { useServerNow } from "../api/serverClock";
import { useLiveState } from "../live/LiveProvider";
import { formatClock, formatDuration } from "../text/time";
import { usePreferences } from "../theme/preferences";

const LIVE_TEXT = { live: "Live", connecting: "Connecting", offline: "Reconnecting" } as const;

const number = (value: number | undefined): string => value?.toLocaleString("en") ?? "–";

/** The figures every page shows: what is open, what waits, how fast we are. */
export function HeaderStrip() {
  const { data, isError } = useSummary();
  const { data: session } = useSession();
  const live = useLiveState();
  return (
    <header className="strip">
      <Figure label="Open incidents" id="open" value={number(data?.open_incidents)} />
      <Figure
        label="Unacknowledged"
        id="unacknowledged"
        value={number(data?.unacknowledged)}
        alarm={(data?.unacknowledged ?? 0) > 0}
      />
      <Figure
        label="Median TTA"
        id="median-tta"
        value={formatDuration(data?.median_tta_seconds)}
        note={data ? `time to acknowledge, over ${data.tta_count} incidents` : ""}
        count={data?.tta_count}
      />
      <Figure
        label="Median TTR"
        id="median-ttr"
        value={formatDuration(data?.median_ttr_seconds)}
        note={data ? `time to remediate, over ${data.ttr_count} true positives; ${data.not_remediated} not remediated` : ""}
        count={data?.ttr_count}
      />
      {data && data.not_remediated > 0 ? <Figure label="Not remediated" id="not-remediated" value={number(data.not_remediated)} /> : null}
      <span className="spacer" />
      {session?.user.must_change_password ? (
        <Link to="/settings" className="small nowrap" title="You still use the one-time password">
          Change password
        </Link>
      ) : null}
      {isError ? <span className="strip-error">Figures are out of date</span> : null}
      <span className={`live live-${live}`} role="status" title="Changes arrive by themselves while this says Live">
        <i aria-hidden="true" />
        {LIVE_TEXT[live]}
      </span>
      <ZoneClock />
    </header>
  );
}

interface FigureProps {
  label: string;
  id: string;
  value: string;
  note?: string;
  count?: number | undefined;
  alarm?: boolean;
}

function Figure({ label, id, value, note, count, alarm = false }: FigureProps) {
  return (
    <div className={alarm ? "figure figure-alarm" : "figure"} title={note} data-testid={`strip-${id}`} data-count={count}>
      <span className="figure-label">{label}</span>
      <span className="figure-value">{value}</span>
    </div>
  );
}

function ZoneClock() {
  const { zone, setZone } = usePreferences();
  const now = useServerNow();
  return (
    <button
      type="button"
      className="zone-clock mono"
      onClick={() => setZone(zone === "utc" ? "local" : "utc")}
      title={zone === "utc" ? "Times are UTC. Click for local time." : "Times are local. Click for UTC."}
    >
      {formatClock(now, zone)}
    </button>
  );
}
