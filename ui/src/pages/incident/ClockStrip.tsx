import { useServerNow } from "../../api/serverClock";
import type { Clock } from "../../api/types";
import { LogText } from "../../components/LogText";
import { Time } from "../../components/Time";
import { CLOCK, metricFigure } from "../../text/clock";

/** Each metric with the two instants it lies between; running ones move every second. */
export function ClockStrip({ clock }: { clock: Clock }) {
  const running = CLOCK.some(({ key }) => clock[key].state === "running");
  const now = useServerNow(running);
  return (
    <section className="clock" aria-label="The incident's clock">
      {CLOCK.map(({ key, short, name, meaning }) => {
        const metric = clock[key];
        return (
          <div key={key} className={`clock-tile clock-${metric.state}`} data-testid={`clock-${key}`} data-state={metric.state}>
            <div className="clock-name" title={`${name}: ${meaning}`}>
              {short}
              {metric.state === "running" ? <span className="clock-running">running</span> : null}
            </div>
            <div className="clock-figure">{metricFigure(key, metric, now)}</div>
            <dl className="clock-ends">
              <dt>from</dt>
              <dd>
                <Time at={metric.from} />
              </dd>
              <dt>to</dt>
              <dd>{metric.to ? <Time at={metric.to} /> : <span className="muted">{metric.state === "running" ? "now" : "–"}</span>}</dd>
            </dl>
            <div className="clock-note muted">{metric.note ? <LogText value={metric.note} /> : meaning}</div>
          </div>
        );
      })}
    </section>
  );
}
