import { formatInstant } from "../text/time";
import { visible } from "../text/visible";
import { usePreferences } from "../theme/preferences";

/** An instant in the chosen zone; hovering shows it in the other one. */
export function Time({ at }: { at: string | null | undefined }) {
  const { zone } = usePreferences();
  if (!at) return <span className="muted">–</span>;
  return (
    <time dateTime={at} title={visible(formatInstant(at, zone === "utc" ? "local" : "utc"))} className="time">
      {visible(formatInstant(at, zone))}
    </time>
  );
}
