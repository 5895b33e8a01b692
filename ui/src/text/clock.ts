import type { Clock, Metric } from "../api/types";
import { formatDuration } from "./time";

export interface ClockEntry {
  key: keyof Clock;
  short: string;
  name: string;
  /** What the two instants are. */
  meaning: string;
}

/** The clock's metrics in the order in which they happen. */
export const CLOCK: readonly ClockEntry[] = [
  { key: "tta", short: "TTA", name: "Time to acknowledge", meaning: "first alert → first person takes it" },
  { key: "ttc", short: "TTC", name: "Time to contain", meaning: "first alert → contained" },
  { key: "ttr", short: "TTR", name: "Time to remediate", meaning: "first alert → remediated" },
  { key: "time_to_recover", short: "Recover", name: "Time to recover", meaning: "remediated → recovered" },
  { key: "time_to_detect", short: "Detect", name: "Time to detect", meaning: "first malicious event → first alert" },
  { key: "dwell", short: "Dwell", name: "Dwell time", meaning: "first malicious event → contained" },
];

const MISSING: Record<keyof Clock, string> = {
  tta: "not acknowledged",
  ttc: "not contained",
  ttr: "not remediated",
  time_to_recover: "not recovered",
  time_to_detect: "unknown",
  dwell: "not contained",
};

/** A running metric's seconds at `now`; a finished one's as recorded. */
export function metricSeconds(metric: Metric, now: Date): number | null {
  if (metric.state === "running" && metric.from) {
    const started = Date.parse(metric.from);
    if (!Number.isNaN(started)) return Math.max(0, (now.getTime() - started) / 1000);
  }
  return metric.seconds;
}

/** The figure on a clock tile. A missing mark is said in words: it is never shown as a time. */
export function metricFigure(key: keyof Clock, metric: Metric, now: Date): string {
  if (metric.state === "not_applicable") return "n/a";
  if (metric.state === "missing") return MISSING[key];
  return formatDuration(metricSeconds(metric, now));
}
