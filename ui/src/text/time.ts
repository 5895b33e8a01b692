/** Times and durations as people read them. A time always names its zone. */

export type Zone = "utc" | "local";

const two = (value: number): string => String(value).padStart(2, "0");

/** The offset of the local zone at that instant, as `UTC+2` or `UTC-3:30`. */
export function localZoneName(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${two(size % 60)}`;
  return `UTC${minutes < 0 ? "-" : "+"}${Math.floor(size / 60)}${rest}`;
}

function parts(at: Date, zone: Zone) {
  return zone === "utc"
    ? { y: at.getUTCFullYear(), mo: at.getUTCMonth(), d: at.getUTCDate(), h: at.getUTCHours(), mi: at.getUTCMinutes(), s: at.getUTCSeconds() }
    : { y: at.getFullYear(), mo: at.getMonth(), d: at.getDate(), h: at.getHours(), mi: at.getMinutes(), s: at.getSeconds() };
}

/** `2026-11-24 04:37:51 UTC`. Text that is no time comes back as it is. */
export function formatInstant(instant: string | Date | null | undefined, zone: Zone): string {
  if (instant === null || instant === undefined || instant === "") return "–";
  const at = instant instanceof Date ? instant : new Date(instant);
  if (Number.isNaN(at.getTime())) return String(instant);
  const { y, mo, d, h, mi, s } = parts(at, zone);
  const name = zone === "utc" ? "UTC" : localZoneName(at);
  return `${String(y).padStart(4, "0")}-${two(mo + 1)}-${two(d)} ${two(h)}:${two(mi)}:${two(s)} ${name}`;
}

/** `04:37:51 UTC`, for the clock in the header. */
export function formatClock(at: Date, zone: Zone): string {
  const { h, mi, s } = parts(at, zone);
  return `${two(h)}:${two(mi)}:${two(s)} ${zone === "utc" ? "UTC" : localZoneName(at)}`;
}

/** A duration in its two largest units: `45 s`, `12 m 05 s`, `3 h 20 m`, `2 d 4 h`. Null is a dash. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const sign = seconds < 0 ? "-" : "";
  const total = Math.round(Math.abs(seconds));
  if (total < 1) return seconds === 0 ? "0 s" : "< 1 s";
  if (total < 60) return `${sign}${total} s`;
  if (total < 3600) return `${sign}${Math.floor(total / 60)} m ${two(total % 60)} s`;
  if (total < 86_400) return `${sign}${Math.floor(total / 3600)} h ${two(Math.floor((total % 3600) / 60))} m`;
  return `${sign}${Math.floor(total / 86_400)} d ${Math.floor((total % 86_400) / 3600)} h`;
}

/** An instant as it is typed, `2026-11-24 04:37:51` in the zone shown beside the field. */
export function toInputValue(instant: string, zone: Zone): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  const { y, mo, d, h, mi, s } = parts(at, zone);
  return `${String(y).padStart(4, "0")}-${two(mo + 1)}-${two(d)} ${two(h)}:${two(mi)}:${two(s)}`;
}

/** The instant of a typed time, null where it is none. Seconds, and the time of day, may be left out. */
export function fromInputValue(value: string, zone: Zone): string | null {
  const match = /^\s*(\d{4}-\d\d-\d\d)(?:[ T]+(\d\d:\d\d)(:\d\d)?)?\s*$/.exec(value);
  if (!match) return null;
  const text = `${match[1]}T${match[2] ?? "00:00"}${match[3] ?? ":00"}`;
  const at = new Date(zone === "utc" ? `${text}Z` : text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
