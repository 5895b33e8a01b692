import type { IncidentChange } from "../api/types";

/** How long to wait before the next attempt: doubling from one second to half a minute. */
export function reconnectDelay(attempt: number): number {
  return Math.min(30_000, 1000 * 2 ** Math.min(attempt, 10));
}

export type LiveState = "connecting" | "live" | "offline";

export interface LiveHandlers {
  onState: (state: LiveState) => void;
  /** The number of the incident that changed, or null when the message does not say. */
  onIncident: (number: number | null) => void;
  onSummary: () => void;
  /** Connected again after a gap: anything may have changed meanwhile. */
  onResume: () => void;
}

/** No heartbeat for this long means that the connection is dead, whatever the browser thinks. */
const SILENCE_MS = 60_000;

function incidentNumber(data: string): number | null {
  try {
    return (JSON.parse(data) as IncidentChange).number;
  } catch {
    return null;
  }
}

/** Follows the server's event stream until the returned function is called. */
export function followEvents(handlers: LiveHandlers): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let connectedBefore = false;
  let stopped = false;

  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(retry, SILENCE_MS);
  };
  function retry() {
    source?.close();
    clearTimeout(watchdog);
    if (stopped) return;
    handlers.onState("offline");
    timer = setTimeout(connect, reconnectDelay(attempt));
    attempt += 1;
  }
  function connect() {
    if (stopped) return;
    source = new EventSource("/api/v1/events");
    source.onopen = () => {
      attempt = 0;
      handlers.onState("live");
      if (connectedBefore) handlers.onResume();
      connectedBefore = true;
      heard();
    };
    source.onerror = retry;
    source.addEventListener("incident", (event) => {
      heard();
      handlers.onIncident(incidentNumber(event.data as string));
    });
    source.addEventListener("summary", () => {
      heard();
      handlers.onSummary();
    });
    source.addEventListener("heartbeat", heard);
  }

  handlers.onState("connecting");
  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    clearTimeout(watchdog);
    source?.close();
  };
}
