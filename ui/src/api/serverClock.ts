import { useEffect, useState } from "react";
import { useSummary } from "./queries";

/**
 * The server's time, moving every second (or `stepMs`) while `active`. Durations that still run are measured against it: this computer's
 * clock may be wrong, and a wrong TTA would be shown.
 */
export function useServerNow(active = true, stepMs = 1000): Date {
  const { data, dataUpdatedAt } = useSummary();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [active, stepMs]);
  const server = data ? Date.parse(data.server_time) : Number.NaN;
  return new Date(Number.isNaN(server) ? now : now + server - dataUpdatedAt);
}
